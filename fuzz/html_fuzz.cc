// layer: zelus/html
// The first line is a selector, the rest a page: both may be anything.
#include <cstdint>
#include <string_view>

#include "bia/base/assert.h"
#include "zelus/html/document.h"
#include "zelus/html/form.h"
#include "zelus/html/selector.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace zelus::html;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t line = std::min(text.find('\n'), text.size());
  auto document = *Document::parse(text.substr(std::min(line + 1, text.size())));
  const Node& root = document->root();
  BIA_ASSERT(root.end == document->size());
  document->text_of(root);
  document->inner_html(root);
  std::vector<const Node*> nodes{&root};
  if (auto selector = Selector::parse(text.substr(0, line)); selector)
    nodes = (*selector)->find(*document, root);
  for (const Node* node : nodes) {
    BIA_ASSERT(node->index < node->end && node->end <= document->size());
    field_value(*document, *node);
  }
  form_values(*document, nodes);
  return 0;
}
