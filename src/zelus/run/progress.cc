#include "zelus/run/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace zelus::run {

namespace {

constexpr int kBarWidth = 40;
constexpr int kBarWidthMin = 8;
constexpr int kTerminalPadding = 1;

int columns_of(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string status_text(exec::Status status, bool color) {
  switch (status) {
    case exec::Status::kRunning:
      return " ";
    case exec::Status::kWaiting:
      return color ? "\x1b[2m•\x1b[22m" : "•";
    case exec::Status::kStopping:
      return "↓";
    case exec::Status::kInterrupted:
      return color ? "\x1b[31m✗\x1b[0m" : "✗";
    case exec::Status::kDone:
      break;
  }
  return color ? "\x1b[32m✓\x1b[0m" : "✓";
}

std::string bar_text(double fraction, int width_delta, bool color) {
  fraction = std::clamp(fraction, 0.0, 1.0);
  int width = std::clamp(kBarWidth + width_delta, kBarWidthMin, kBarWidth);
  if (width <= kBarWidthMin) return fmt::format("[ {:3.0f}% ]", fraction * 100);
  int space = width - 2;
  int filled = static_cast<int>(space * fraction);
  std::string fill(static_cast<size_t>(filled), '=');
  if (filled > 0 && filled < space) fill.back() = '>';
  std::string padding(static_cast<size_t>(space - filled), '-');
  if (color) padding = "\x1b[2m" + padding + "\x1b[22m";
  return "[" + fill + padding + "]";
}

std::string left_text(const Bar& bar, size_t width) {
  std::string left = bar.left;
  if (left.size() > width) left = left.substr(0, width - 3) + "...";
  return left + std::string(width - left.size(), ' ');
}

}  // namespace

RenderedBars render_bars(const std::vector<Bar>& bars, const BarStyle& style, bool go_back) {
  std::string line_end = style.tty ? "\x1b[K\n" : "\n";
  std::array<size_t, 2> columns{};
  for (const Bar& bar : bars) {
    for (size_t i = 0; i + 1 < bar.right.size() && i < columns.size(); ++i)
      columns[i] = std::max(columns[i], bar.right[i].size());
  }
  RenderedBars result;
  result.text = line_end;
  int breaks = 0;
  int terminal = std::max(style.columns, 1);
  for (const Bar& bar : bars) {
    if (!bar.whole_line.empty()) {
      result.text += bar.whole_line + line_end;
      breaks += (columns_of(bar.whole_line) - kTerminalPadding) / terminal;
      continue;
    }
    std::string right;
    for (size_t i = 0; i < bar.right.size(); ++i) {
      size_t width = (i < columns.size() ? columns[i] : 0) + 1;
      right += fmt::format(" {:<{}}", bar.right[i], width);
    }
    std::string left = left_text(bar, style.left_width);
    std::string line = left + " " + status_text(bar.status, false) + " " +
                       bar_text(bar.fraction, style.width_delta, false) + right;
    int length = columns_of(line);
    result.longest = std::max(result.longest, length);
    breaks += (length - kTerminalPadding) / terminal;
    if (style.color)
      line = left + " " + status_text(bar.status, true) + " " +
             bar_text(bar.fraction, style.width_delta, true) + right;
    result.text += line + line_end;
  }
  if (style.tty && go_back)
    result.text += fmt::format("\r\x1b[J\x1b[{}A", bars.size() + static_cast<size_t>(breaks) + 1);
  return result;
}

int next_width_delta(int delta, int columns, int longest) {
  return std::clamp(delta + columns - longest - kTerminalPadding, kBarWidthMin - kBarWidth, 0);
}

std::vector<Bar> bars_of(const exec::Engine& engine) {
  std::vector<Bar> bars;
  exec::Engine::Head head = engine.head();
  Bar first;
  if (head.left.empty()) {
    first.whole_line = head.text;
  } else {
    first.left = head.left;
    first.fraction = head.fraction;
    if (!head.text.empty()) first.right = {head.text};
  }
  bars.push_back(std::move(first));
  for (exec::ProgressLine& line : engine.lines()) {
    bars.push_back({std::move(line.name), line.status, line.fraction, std::move(line.right), {}});
  }
  return bars;
}

}  // namespace zelus::run
