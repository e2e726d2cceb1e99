#include "zelus/html/selector.h"

#include <algorithm>

#include "zelus/html/selector_list.h"

namespace zelus::html {

using Kind = SimpleSelector::Kind;

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return out;
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    size_t end = 0;
    while (end < list.size() && !is_space(list[end])) ++end;
    if (end > 0 && list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool attribute_matches(const SimpleSelector& s, const Node& node) {
  const std::string* found = node.attribute(s.name);
  if (s.operation == '!') return found == nullptr || *found != s.value;
  if (found == nullptr) return false;
  std::string folded;
  if (s.ignore_case) folded = lower(*found);
  std::string_view value = s.ignore_case ? folded : *found;
  switch (s.operation) {
    case '=':
      return value == s.value;
    case '~':
      return has_word(value, s.value);
    case '|':
      return value == s.value ||
             (value.starts_with(s.value) && value.substr(s.value.size()).starts_with('-'));
    // As cascadia: an empty text is in nothing.
    case '^':
      return !s.value.empty() && value.starts_with(s.value);
    case '$':
      return !s.value.empty() && value.ends_with(s.value);
    case '*':
      return !s.value.empty() && value.find(s.value) != std::string_view::npos;
    default:
      return true;
  }
}

bool same_type(const SimpleSelector& s, const Node& a, const Node& b) {
  return !s.of_type || a.name == b.name;
}

bool nth_matches(const SimpleSelector& s, const Node& node) {
  if (node.parent == nullptr) return false;
  int position = 1;
  auto step = [&](const Node* at) {
    return s.from_end ? at->next_element() : at->previous_element();
  };
  for (const Node* at = step(&node); at != nullptr; at = step(at)) {
    if (same_type(s, *at, node)) ++position;
  }
  int over = position - s.offset;
  if (s.step == 0) return over == 0;
  return over % s.step == 0 && over / s.step >= 0;
}

bool only_matches(const SimpleSelector& s, const Node& node) {
  if (node.parent == nullptr) return false;
  for (const Node* at = node.parent->first_child; at != nullptr; at = at->next) {
    if (at != &node && at->is_element() && same_type(s, *at, node)) return false;
  }
  return true;
}

bool one_of(const Node& node, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), node.name) != names.end();
}

bool in_disabled_fieldset(const Node& node) {
  for (const Node* at = node.parent; at != nullptr; at = at->parent) {
    if (at->is("fieldset") && at->attribute("disabled") != nullptr) return true;
  }
  return false;
}

bool is_disabled(const Node& node) {
  bool marked = node.attribute("disabled") != nullptr;
  if (one_of(node, {"optgroup", "menuitem", "fieldset"})) return marked;
  return one_of(node, {"button", "input", "select", "textarea", "option"}) &&
         (marked || in_disabled_fieldset(node));
}

bool is_enabled(const Node& node) {
  if (one_of(node, {"a", "area", "link"})) return node.attribute("href") != nullptr;
  return one_of(node, {"optgroup", "menuitem", "fieldset", "button", "input", "select", "textarea",
                       "option"}) &&
         !is_disabled(node);
}

bool is_checked(const Node& node) {
  if (node.is("option")) return node.attribute("selected") != nullptr;
  std::string type = lower(node.attribute_or("type", ""));
  return node.is("input") && (type == "checkbox" || type == "radio") &&
         node.attribute("checked") != nullptr;
}

bool has_language(const Node& node, std::string_view wanted) {
  for (const Node* at = &node; at != nullptr; at = at->parent) {
    const std::string* language = at->attribute("lang");
    if (language == nullptr) continue;
    std::string folded = lower(*language);
    return folded == wanted || folded.starts_with(std::string(wanted) + "-");
  }
  return false;
}

std::string own_text(const Node& node) {
  std::string out;
  for (const Node* at = node.first_child; at != nullptr; at = at->next) {
    if (at->kind == Node::Kind::kText) out += at->text;
  }
  return out;
}

/// Matching recurses as deep as selectors are nested and long, which the parser limits.
class Matcher {
 public:
  explicit Matcher(const Document& document) : document_(document) {}

  bool list(const Selector::List& list, const Node& node) const {
    return node.is_element() &&
           std::any_of(list.any.begin(), list.any.end(), [&](const ComplexSelector& complex) {
             return part(complex, complex.parts.size() - 1, node) == Outcome::kMatches;
           });
  }

 private:
  /// Why a part does not match: whether looking further up or along can help. Without it a page
  /// nested deep would make a selector of some parts take for ever.
  enum class Outcome { kMatches, kFails, kFailsForSiblings, kFailsForAll };

  Outcome part(const ComplexSelector& complex, size_t index, const Node& node) const {
    for (const SimpleSelector& simple : complex.parts[index]) {
      if (!one(simple, node)) return Outcome::kFails;
    }
    if (index == 0) return Outcome::kMatches;
    auto try_at = [&](const Node* at) { return part(complex, index - 1, *at); };
    const Node* near = nullptr;
    switch (complex.combinators[index - 1]) {
      case '>': {
        near = node.parent_element();
        if (near == nullptr) return Outcome::kFailsForAll;
        Outcome outcome = try_at(near);
        bool final = outcome == Outcome::kMatches || outcome == Outcome::kFailsForAll;
        return final ? outcome : Outcome::kFailsForSiblings;
      }
      case '+':
        near = node.previous_element();
        return near == nullptr ? Outcome::kFailsForSiblings : try_at(near);
      case '~':
        for (near = node.previous_element(); near != nullptr; near = near->previous_element()) {
          if (Outcome outcome = try_at(near); outcome != Outcome::kFails) return outcome;
        }
        return Outcome::kFailsForSiblings;
      default:
        for (near = node.parent_element(); near != nullptr; near = near->parent_element()) {
          Outcome outcome = try_at(near);
          if (outcome == Outcome::kMatches || outcome == Outcome::kFailsForAll) return outcome;
        }
        return Outcome::kFailsForAll;
    }
  }

  bool has(const SimpleSelector& s, const Node& node) const {
    if (s.kind == Kind::kHasChild) {
      for (const Node* at = node.first_child; at != nullptr; at = at->next) {
        if (list(*s.inner, *at)) return true;
      }
      return false;
    }
    for (size_t i = node.index + 1; i < node.end; ++i) {
      if (list(*s.inner, document_.at(i))) return true;
    }
    return false;
  }

  bool one(const SimpleSelector& s, const Node& node) const {
    switch (s.kind) {
      case Kind::kAny:
        return true;
      case Kind::kTag:
        return lower(node.name) == s.name;
      case Kind::kId: {
        const std::string* id = node.attribute("id");
        return id != nullptr && *id == s.value;
      }
      case Kind::kClass:
        return has_word(node.attribute_or("class", ""), s.value);
      case Kind::kAttribute:
        return attribute_matches(s, node);
      case Kind::kNot:
        return !list(*s.inner, node);
      case Kind::kHas:
      case Kind::kHasChild:
        return has(s, node);
      case Kind::kContains:
        return lower(document_.text_of(node)).find(s.value) != std::string::npos;
      case Kind::kContainsOwn:
        return lower(own_text(node)).find(s.value) != std::string::npos;
      case Kind::kNth:
        return nth_matches(s, node);
      case Kind::kOnly:
        return only_matches(s, node);
      case Kind::kInput:
        return one_of(node, {"input", "select", "textarea", "button"});
      case Kind::kEmpty:
        for (const Node* at = node.first_child; at != nullptr; at = at->next) {
          if (at->is_element() || at->kind == Node::Kind::kText) return false;
        }
        return true;
      case Kind::kRoot:
        return node.parent != nullptr && node.parent->kind == Node::Kind::kDocument;
      case Kind::kLink:
        return one_of(node, {"a", "area", "link"}) && node.attribute("href") != nullptr;
      case Kind::kLang:
        return has_language(node, s.value);
      case Kind::kEnabled:
        return is_enabled(node);
      case Kind::kDisabled:
        return is_disabled(node);
      case Kind::kChecked:
        return is_checked(node);
      case Kind::kNever:
        break;
    }
    return false;
  }

  const Document& document_;
};

}  // namespace

Selector::Selector(std::unique_ptr<List> list) : list_(std::move(list)) {}
Selector::~Selector() = default;

Result<std::shared_ptr<const Selector>> Selector::parse(std::string_view text) {
  auto list = BIA_TRY(parse_selector(text));
  return std::shared_ptr<const Selector>(new Selector(std::move(list)));
}

bool Selector::matches(const Document& document, const Node& node) const {
  return Matcher(document).list(*list_, node);
}

std::vector<const Node*> Selector::find(const Document& document, const Node& scope) const {
  std::vector<const Node*> out;
  Matcher matcher(document);
  for (size_t i = scope.index + 1; i < scope.end; ++i) {
    if (matcher.list(*list_, document.at(i))) out.push_back(&document.at(i));
  }
  return out;
}

}  // namespace zelus::html
