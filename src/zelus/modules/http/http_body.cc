// Request bodies: texts, buffers, forms, multipart (parity/k6.md 5.2).
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "zelus/modules/go_value.h"
#include "zelus/modules/http/http_user.h"
#include "zelus/modules/native.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

namespace {

/// http.file(…) as it lies in a form.
struct FilePart {
  std::string name;
  std::string_view data;
  std::string filename, content_type;
};

bool is_file(JSValueConst value) {
  return JS_IsObject(value) && JS_GetClassID(value) == kClassFileData;
}

/// As k6 2: null and undefined are empty (1.8 wrote `<nil>`).
std::string form_text(JSContext* ctx, JSValueConst value) {
  return is_nullish(value) ? "" : go_print(ctx, Value::dup(ctx, value));
}

void append_pair(std::string& out, const std::string& name, std::string_view value) {
  out += fmt::format("{}{}={}", out.empty() ? "" : "&", query_escape(name), query_escape(value));
}

/// Keys sorted, arrays repeat theirs.
std::string form(JSContext* ctx, std::vector<std::pair<std::string, Value>>& fields) {
  std::sort(fields.begin(), fields.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!JS_IsArray(value.get())) {
      append_pair(out, name, form_text(ctx, value.get()));
      continue;
    }
    int64_t length = 0;
    JS_GetLength(ctx, value.get(), &length);
    for (int64_t i = 0; i < length; ++i)
      append_pair(out, name,
                  form_text(ctx, Value(ctx, JS_GetPropertyInt64(ctx, value.get(), i)).get()));
  }
  return out;
}

std::string boundary() {
  static std::atomic<uint64_t> counter = 0;
  auto now = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return fmt::format("zelus{:016x}{:08x}", now * 0x9e3779b97f4a7c15ull,
                     counter.fetch_add(1, std::memory_order_relaxed));
}

std::string quote(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return out;
}

bool multipart(JSContext* ctx, const std::vector<std::pair<std::string, Value>>& fields,
               HttpRequest& request, std::string& error) {
  std::string mark = boundary();
  for (const auto& [name, value] : fields) {
    request.body +=
        fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", mark, quote(name));
    if (!is_file(value.get())) {
      request.body += fmt::format("\r\n\r\n{}\r\n", form_text(ctx, value.get()));
      continue;
    }
    Value data = value.property("data");
    std::string_view bytes;
    std::string text;
    if (!buffer_bytes(ctx, data.get(), bytes)) {
      if (!data.is_string()) {
        error = fmt::format("unknown request body type {}", to_text(ctx, data.get()));
        return false;
      }
      text = to_text(ctx, data.get());
      bytes = text;
    }
    std::string type = to_text(ctx, value.property("content_type").get());
    type.erase(
        std::remove_if(type.begin(), type.end(), [](char c) { return c == '\r' || c == '\n'; }),
        type.end());
    request.body += fmt::format("; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                                quote(to_text(ctx, value.property("filename").get())), type);
    request.body.append(bytes).append("\r\n");
  }
  request.body += fmt::format("--{}--\r\n", mark);
  request.headers.set("Content-Type", "multipart/form-data; boundary=" + mark);
  return true;
}

}  // namespace

bool read_body(JSContext* ctx, JSValueConst body, HttpRequest& request, std::string& error) {
  request.has_body = true;
  if (JS_IsString(body)) {
    CString text(ctx, body);
    request.body = text.view();
    return true;
  }
  std::string_view bytes;
  if (buffer_bytes(ctx, body, bytes)) {
    request.body = bytes;
    return true;
  }
  if (!JS_IsObject(body) || JS_IsArray(body) || JS_IsFunction(ctx, body) || JS_IsDate(body)) {
    error = fmt::format("unknown request body type {}", go_type_name(ctx, body));
    return false;
  }
  std::vector<std::pair<std::string, Value>> fields;
  bool files = false;
  if (!each_property(ctx, body, [&](JSAtom atom, const Value& value) {
        files = files || is_file(value.get());
        fields.emplace_back(atom_text(ctx, atom), value);
        return true;
      })) {
    error = bia::js::take_exception(ctx).head();
    return false;
  }
  if (files) return multipart(ctx, fields, request, error);
  request.body = form(ctx, fields);
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  return true;
}

}  // namespace zelus::modules
