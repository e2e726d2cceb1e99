// Methods of Selection that go from nodes to nodes.
#include <algorithm>

#include "zelus/modules/html/html_values.h"

namespace zelus::modules {

namespace {

using html::Document;
using html::Node;

/// Nodes without repeats, in the order in which they are added.
class NodeSet {
 public:
  explicit NodeSet(const Document& document) : seen_(document.size()) {}
  void add(const Node* node) {
    if (node == nullptr || seen_[node->index]) return;
    seen_[node->index] = true;
    nodes_.push_back(node);
  }
  NodeList take() { return std::move(nodes_); }

 private:
  std::vector<bool> seen_;
  NodeList nodes_;
};

/// The call's own selection and, where it is given, the choice at `index` of its arguments.
struct Call {
  SelectionPtr self;
  bool chosen = false;
  NodeChoice choice;

  bool read(JSContext* ctx, JSValueConst object, int argc, JSValueConst* argv, int index = 0) {
    self = this_selection(ctx, object);
    if (!self) return false;
    return read_choice(ctx, argc, argv, index);
  }
  bool read_choice(JSContext* ctx, int argc, JSValueConst* argv, int index) {
    JSValueConst value = argument(argc, argv, index);
    chosen = !is_nullish(value);
    return !chosen || choice.read(ctx, value);
  }
  bool wants(const Node& node) const { return !chosen || choice.contains(*self->document, node); }
  JSValue derive(JSContext* ctx, NodeList nodes) const {
    return derived_selection(ctx, self, std::move(nodes));
  }
};

/// Calls visit(node, set) for each node; what it adds and the choice wants is the new selection.
template <typename Visit>
JSValue walk(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv, Visit visit) {
  Call call;
  if (!call.read(ctx, self, argc, argv)) return JS_EXCEPTION;
  NodeSet set(*call.self->document);
  auto add = [&](const Node* node) {
    if (node != nullptr && call.wants(*node)) set.add(node);
  };
  for (const Node* node : call.self->nodes) visit(*node, add);
  return call.derive(ctx, set.take());
}

JSValue children(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv, [](const Node& node, auto add) {
    for (const Node* at = node.first_child; at != nullptr; at = at->next) {
      if (at->is_element()) add(at);
    }
  });
}
JSValue contents(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, std::min(argc, 0), argv, [](const Node& node, auto add) {
    for (const Node* at = node.first_child; at != nullptr; at = at->next) add(at);
  });
}
JSValue parent(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv,
              [](const Node& node, auto add) { add(node.parent_element()); });
}
JSValue parents(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv, [](const Node& node, auto add) {
    for (const Node* at = node.parent_element(); at != nullptr; at = at->parent_element()) add(at);
  });
}
JSValue next(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv, [](const Node& node, auto add) { add(node.next_element()); });
}
JSValue next_all(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv, [](const Node& node, auto add) {
    for (const Node* at = node.next_element(); at != nullptr; at = at->next_element()) add(at);
  });
}
JSValue previous(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv,
              [](const Node& node, auto add) { add(node.previous_element()); });
}
JSValue previous_all(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv, [](const Node& node, auto add) {
    for (const Node* at = node.previous_element(); at != nullptr; at = at->previous_element())
      add(at);
  });
}
JSValue siblings(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk(ctx, self, argc, argv, [](const Node& node, auto add) {
    if (node.parent == nullptr) return;
    for (const Node* at = node.parent->first_child; at != nullptr; at = at->next) {
      if (at != &node && at->is_element()) add(at);
    }
  });
}

/// The first argument ends the walk, the second chooses.
template <typename Step>
JSValue walk_until(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv, Step step) {
  Call until, filter;
  if (!until.read(ctx, self, argc, argv) || !filter.read(ctx, self, argc, argv, 1))
    return JS_EXCEPTION;
  NodeSet set(*until.self->document);
  for (const Node* node : until.self->nodes) {
    for (const Node* at = step(node); at != nullptr; at = step(at)) {
      if (until.chosen && until.wants(*at)) break;
      if (filter.wants(*at)) set.add(at);
    }
  }
  return until.derive(ctx, set.take());
}

JSValue next_until(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk_until(ctx, self, argc, argv, [](const Node* node) { return node->next_element(); });
}
JSValue previous_until(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk_until(ctx, self, argc, argv,
                    [](const Node* node) { return node->previous_element(); });
}
JSValue parents_until(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return walk_until(ctx, self, argc, argv, [](const Node* node) { return node->parent_element(); });
}

/// A choice that has to be there.
bool read_required(JSContext* ctx, Call& call, JSValueConst self, int argc, JSValueConst* argv) {
  call.self = this_selection(ctx, self);
  call.chosen = true;
  return call.self && call.choice.read(ctx, argument(argc, argv, 0));
}

JSValue find(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Call call;
  if (!read_required(ctx, call, self, argc, argv)) return JS_EXCEPTION;
  const Document& document = *call.self->document;
  NodeSet set(document);
  for (const Node* node : call.self->nodes) {
    for (const Node* found : call.choice.find(document, *node)) set.add(found);
  }
  return call.derive(ctx, set.take());
}

/// Of 2.1: the first that is found.
JSValue single(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Call call;
  if (!read_required(ctx, call, self, argc, argv)) return JS_EXCEPTION;
  for (const Node* node : call.self->nodes) {
    NodeList found = call.choice.find(*call.self->document, *node);
    if (!found.empty()) return call.derive(ctx, {found.front()});
  }
  return call.derive(ctx, {});
}

JSValue closest(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Call call;
  if (!read_required(ctx, call, self, argc, argv)) return JS_EXCEPTION;
  NodeSet set(*call.self->document);
  for (const Node* node : call.self->nodes) {
    const Node* at = node;
    while (at != nullptr && !call.wants(*at)) at = at->parent;
    set.add(at);
  }
  return call.derive(ctx, set.take());
}

JSValue has(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Call call;
  if (!read_required(ctx, call, self, argc, argv)) return JS_EXCEPTION;
  NodeList nodes;
  for (const Node* node : call.self->nodes) {
    if (!call.choice.find(*call.self->document, *node).empty()) nodes.push_back(node);
  }
  return call.derive(ctx, std::move(nodes));
}

JSValue add(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Call call;
  if (!read_required(ctx, call, self, argc, argv)) return JS_EXCEPTION;
  const Document& document = *call.self->document;
  NodeSet set(document);
  for (const Node* node : call.self->nodes) set.add(node);
  for (const Node* node : call.choice.find(document, document.root())) set.add(node);
  return call.derive(ctx, set.take());
}

/// Which nodes a function, a selector or a selection is for. False with an exception pending.
template <typename Visit>
bool test_nodes(JSContext* ctx, const SelectionPtr& self, int argc, JSValueConst* argv,
                const char* method, Visit visit) {
  JSValueConst test = argument(argc, argv, 0);
  if (!JS_IsFunction(ctx, test)) {
    // k6: not() says it as find() does.
    if (!JS_IsString(test) && !selection_in(test) && std::string_view(method) != "not") {
      throw_go_error(ctx, std::string("the argument to ") + method +
                              "() must be a function, a selector or a selection");
      return false;
    }
    NodeChoice choice;
    if (!choice.read(ctx, test)) return false;
    for (const Node* node : self->nodes) visit(*node, choice.contains(*self->document, *node));
    return true;
  }
  for (size_t i = 0; i < self->nodes.size(); ++i) {
    Value number(ctx, JS_NewInt64(ctx, static_cast<int64_t>(i)));
    Value one(ctx, derived_selection(ctx, self, {self->nodes[i]}));
    JSValueConst arguments[] = {number.get(), one.get()};
    Value answer(ctx, JS_Call(ctx, test, JS_UNDEFINED, 2, arguments));
    if (answer.is_exception()) return false;
    visit(*self->nodes[i], JS_ToBool(ctx, answer.get()) > 0);
  }
  return true;
}

template <bool wanted>
JSValue filter(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  NodeList nodes;
  auto visit = [&](const Node& node, bool is) {
    if (is == wanted) nodes.push_back(&node);
  };
  if (!test_nodes(ctx, selection, argc, argv, wanted ? "filter" : "not", visit))
    return JS_EXCEPTION;
  return derived_selection(ctx, selection, std::move(nodes));
}

JSValue is(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  bool any = false;
  auto visit = [&](const Node&, bool is) { any = any || is; };
  if (!test_nodes(ctx, selection, argc, argv, "is", visit)) return JS_EXCEPTION;
  return JS_NewBool(ctx, any);
}

/// Of an argument; negative ones count from the end. -1 where there is no such node.
int64_t position(JSContext* ctx, JSValueConst value, size_t count) {
  int64_t index = 0;
  if (!is_nullish(value)) JS_ToInt64(ctx, &index, value);
  auto size = static_cast<int64_t>(count);
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

JSValue one_at(JSContext* ctx, const SelectionPtr& selection, int64_t index) {
  NodeList nodes;
  if (index >= 0 && index < static_cast<int64_t>(selection->nodes.size()))
    nodes.push_back(selection->nodes[static_cast<size_t>(index)]);
  return derived_selection(ctx, selection, std::move(nodes));
}

JSValue eq(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  return one_at(ctx, selection, position(ctx, argument(argc, argv, 0), selection->nodes.size()));
}
JSValue first(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  return selection ? one_at(ctx, selection, 0) : JS_EXCEPTION;
}
JSValue last(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  return one_at(ctx, selection, static_cast<int64_t>(selection->nodes.size()) - 1);
}

JSValue slice(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  auto size = static_cast<int64_t>(selection->nodes.size());
  int64_t bounds[] = {0, size};
  for (int i = 0; i < 2; ++i) {
    JSValueConst value = argument(argc, argv, i);
    if (!is_nullish(value)) JS_ToInt64(ctx, &bounds[i], value);
    if (bounds[i] < 0) bounds[i] += size;
    bounds[i] = std::clamp<int64_t>(bounds[i], 0, size);
  }
  NodeList nodes;
  for (int64_t i = bounds[0]; i < bounds[1]; ++i)
    nodes.push_back(selection->nodes[static_cast<size_t>(i)]);
  return derived_selection(ctx, selection, std::move(nodes));
}

JSValue get(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  if (!is_nullish(argument(argc, argv, 0))) {
    int64_t index = position(ctx, argv[0], selection->nodes.size());
    if (index < 0) return JS_UNDEFINED;
    return new_element(ctx, selection->document, selection->nodes[static_cast<size_t>(index)]);
  }
  JSValue all = JS_NewArray(ctx);
  for (uint32_t i = 0; i < selection->nodes.size(); ++i)
    JS_SetPropertyUint32(ctx, all, i, new_element(ctx, selection->document, selection->nodes[i]));
  return all;
}

JSValue to_array(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  JSValue all = JS_NewArray(ctx);
  for (uint32_t i = 0; i < selection->nodes.size(); ++i)
    JS_SetPropertyUint32(ctx, all, i, one_at(ctx, selection, i));
  return all;
}

JSValue end(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  return selection->previous ? new_selection(ctx, selection->previous)
                             : derived_selection(ctx, selection, {});
}

}  // namespace

void define_selection_walks(JSContext* ctx, JSValueConst prototype) {
  define_functions(ctx, prototype,
                   {{"add", add, 1},
                    {"children", children, 1},
                    {"closest", closest, 1},
                    {"contents", contents, 0},
                    {"end", end, 0},
                    {"eq", eq, 1},
                    {"filter", filter<true>, 1},
                    {"find", find, 1},
                    {"first", first, 0},
                    {"get", get, 1},
                    {"has", has, 1},
                    {"is", is, 1},
                    {"last", last, 0},
                    {"next", next, 1},
                    {"nextAll", next_all, 1},
                    {"nextUntil", next_until, 2},
                    {"not", filter<false>, 1},
                    {"parent", parent, 1},
                    {"parents", parents, 1},
                    {"parentsUntil", parents_until, 2},
                    {"prev", previous, 1},
                    {"prevAll", previous_all, 1},
                    {"prevUntil", previous_until, 2},
                    {"siblings", siblings, 1},
                    {"single", single, 1},
                    {"slice", slice, 2},
                    {"toArray", to_array, 0}});
}

}  // namespace zelus::modules
