#pragma once
#include <string>
#include <vector>

#include "zelus/exec/engine.h"

namespace zelus::run {

/// How progress lines are drawn (k6: internal/cmd/ui.go, renderMultipleBars).
struct BarStyle {
  bool tty = false;
  bool color = false;
  int columns = 80;       ///< of the terminal
  size_t left_width = 0;  ///< of the longest name, at most 30
  int width_delta = -40;  ///< what bars give up; -40 prints percentages
};

/// What a bar shows. `whole_line` replaces all else.
struct Bar {
  std::string left;
  exec::Status status = exec::Status::kRunning;
  double fraction = 0;
  std::vector<std::string> right;
  std::string whole_line;
};

struct RenderedBars {
  std::string text;
  int longest = 0;  ///< columns of the longest line
};
/// `go_back`: on a terminal, leaves the cursor above the lines, so that the next ones are drawn
/// over them.
RenderedBars render_bars(const std::vector<Bar>& bars, const BarStyle& style, bool go_back);

/// `BarStyle::width_delta` of the next drawing, from this one's and the longest line of it: bars
/// shrink until that line fits, and grow again where there is room.
int next_width_delta(int delta, int columns, int longest);

/// The lines of a run.
std::vector<Bar> bars_of(const exec::Engine& engine);

}  // namespace zelus::run
