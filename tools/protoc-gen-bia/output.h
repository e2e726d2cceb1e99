#pragma once
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

namespace bia::protoc {

namespace pb = google::protobuf;

/// Generated text, indented by braces: a line that ends in '{' indents what follows, one that
/// begins with '}' ends that.
class Output {
 public:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    put(fmt::format(format, std::forward<Args>(args)...));
  }
  /// As it is, for text with braces of its own.
  void put(std::string_view text) {
    if (text.starts_with('}') || text.starts_with("private:") || text.starts_with("public:"))
      --depth_;
    if (!text.empty()) text_.append(static_cast<size_t>(depth_ < 0 ? 0 : depth_) * 2, ' ');
    text_.append(text);
    text_.push_back('\n');
    if (text.ends_with('{') || text.starts_with("private:") || text.starts_with("public:"))
      ++depth_;
  }
  /// Does not indent: what a namespace holds stays at its margin.
  void flat(std::string_view text) {
    text_.append(text);
    text_.push_back('\n');
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  int depth_ = 0;
};

/// A C++ string literal.
std::string quoted(std::string_view text);
/// The same for text with any bytes in it.
std::string quoted_bytes(std::string_view bytes);
/// An expression of a std::string_view of them, of any bytes.
std::string view_literal(const std::string& bytes);

/// "file:line:column: what", of a descriptor with a source location.
template <typename Descriptor>
std::string at(const Descriptor* descriptor, std::string_view what) {
  pb::SourceLocation where;
  if (!descriptor->GetSourceLocation(&where))
    return fmt::format("{}: {}", descriptor->file()->name(), what);
  return fmt::format("{}:{}:{}: {}", descriptor->file()->name(), where.start_line + 1,
                     where.start_column + 1, what);
}

}  // namespace bia::protoc
