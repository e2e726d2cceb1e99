#include "zelus/modules/execution_metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

/// After those of vu.h and k6/crypto's.
constexpr JSClassID kClassMetadata = kClassLast + 1;

const std::string* find(const Vu& vu, std::string_view name) {
  if (vu.metadata == nullptr) return nullptr;
  auto found = std::find_if(vu.metadata->begin(), vu.metadata->end(),
                            [&](const auto& pair) { return pair.first == name; });
  return found == vu.metadata->end() ? nullptr : &found->second;
}

int get(JSContext* ctx, JSPropertyDescriptor* descriptor, JSValueConst, JSAtom name) {
  const std::string* value = find(Vu::of(ctx), atom_text(ctx, name));
  if (value == nullptr) return 0;
  if (descriptor != nullptr) {
    descriptor->flags = JS_PROP_C_W_E;
    descriptor->getter = JS_UNDEFINED;
    descriptor->setter = JS_UNDEFINED;
    descriptor->value = new_string(ctx, *value);
  }
  return 1;
}

int names(JSContext* ctx, JSPropertyEnum** out, uint32_t* count, JSValueConst) {
  const Vu& vu = Vu::of(ctx);
  size_t size = vu.metadata ? vu.metadata->size() : 0;
  *out = static_cast<JSPropertyEnum*>(
      js_malloc(ctx, sizeof(JSPropertyEnum) * std::max<size_t>(size, 1)));
  if (*out == nullptr) return -1;
  for (size_t i = 0; i < size; ++i) {
    const std::string& key = (*vu.metadata)[i].first;
    (*out)[i].atom = JS_NewAtomLen(ctx, key.data(), key.size());
    (*out)[i].is_enumerable = true;
  }
  *count = static_cast<uint32_t>(size);
  return 0;
}

/// Samples keep what they were given: the list is replaced, never changed.
void replace(Vu& vu, std::string_view name, const std::string* value) {
  auto pairs = std::make_shared<metrics::Metadata>();
  if (vu.metadata) {
    for (const auto& pair : *vu.metadata) {
      if (pair.first != name) pairs->push_back(pair);
    }
  }
  if (value != nullptr) pairs->emplace_back(std::string(name), *value);
  if (pairs->empty()) {
    vu.metadata.reset();
  } else {
    vu.metadata = std::move(pairs);
  }
}

int set(JSContext* ctx, JSValueConst, JSAtom name, JSValueConst value, JSValueConst, int) {
  std::string key = atom_text(ctx, name);
  if (!JS_IsString(value) && !JS_IsNumber(value) && !JS_IsBool(value)) {
    throw_type_error(ctx,
                     fmt::format("invalid value for metric metadata '{}': only String, Boolean "
                                 "and Number types are accepted as a metric metadata value",
                                 key));
    return -1;
  }
  std::string text = to_text(ctx, value);
  replace(Vu::of(ctx), key, &text);
  return 1;
}

int remove(JSContext* ctx, JSValueConst, JSAtom name) {
  replace(Vu::of(ctx), atom_text(ctx, name), nullptr);
  return 1;
}

JSClassExoticMethods exotic = {get, names, remove, nullptr, nullptr, nullptr, set};
const JSClassDef kMetadataClass = {"Metadata", nullptr, nullptr, nullptr, &exotic};

}  // namespace

JSValue new_metadata_object(JSContext* ctx) {
  JS_SetClassProto(ctx, kClassMetadata, JS_NewObject(ctx));
  return JS_NewObjectClass(ctx, kClassMetadata);
}

void register_metadata_class(JSRuntime* rt) { JS_NewClass(rt, kClassMetadata, &kMetadataClass); }

}  // namespace zelus::modules
