// Go's fmt.Sprintf.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "codec/go_float.h"
#include "codec/go_quote.h"
#include "zelus/templates/format.h"
#include "zelus/templates/runes.h"

namespace zelus::templates {
namespace {

/// Go's own bound of a width and a precision.
constexpr int kWidthMax = 1'000'000;

struct Spec {
  bool plus = false, minus = false, sharp = false, space = false, zero = false;
  std::optional<int> width;
  std::optional<int> precision;
};

class Printer {
 public:
  Printer(std::string& out, const Spec& spec, char32_t verb)
      : out_(out), spec_(spec), verb_(verb) {}

  void print(const Value& value, size_t depth = 0) {
    if (verb_ == 'T') return pad(type_name(value));
    if (depth > kValueDepthMax || out_.size() > kOutputBytesMax) return;
    if (verb_ == 'v' && spec_.sharp) return pad(go_syntax(value, depth));
    if (value.is_nil()) return verb_ == 'v' ? pad("<nil>") : bad(value);
    if (value.is_list()) return list(value, depth);
    if (value.is_map()) return map(value, depth);
    if (value.is(Type::kBool)) {
      if (verb_ != 't' && verb_ != 'v') return bad(value);
      return pad(value.as_bool() ? "true" : "false");
    }
    if (value.is(Type::kFloat64)) return real(value);
    const bool has_text =
        value.is(Type::kDuration) || value.is(Type::kMonth) || value.is(Type::kWeekday);
    const bool for_text =
        verb_ == 'v' || verb_ == 's' || verb_ == 'q' || verb_ == 'x' || verb_ == 'X';
    if (value.is_integer() && !(has_text && for_text)) return integer(value);
    if (!for_text) return bad(value);
    text(value.is(Type::kString) ? value.as_text() : value_text(value));
  }

 private:
  void bad(const Value& value) {
    out_ += "%!";
    append_rune(out_, verb_);
    if (value.is_nil()) {
      out_ += "(<nil>)";
    } else {
      out_ += fmt::format("({}={})", type_name(value), value_text(value));
    }
  }

  void pad(std::string_view text) {
    const auto size = static_cast<int>(rune_count(text));
    const size_t blanks =
        spec_.width && *spec_.width > size ? static_cast<size_t>(*spec_.width - size) : 0;
    if (!spec_.minus) out_.append(blanks, spec_.zero ? '0' : ' ');
    out_ += text;
    if (spec_.minus) out_.append(blanks, ' ');
  }
  /// `sign` comes before the zeros of a width.
  void pad_number(std::string_view sign, std::string_view digits) {
    const size_t size = sign.size() + digits.size();
    std::string text(sign);
    const bool zeros =
        spec_.zero && !spec_.minus && spec_.width && static_cast<size_t>(*spec_.width) > size;
    if (zeros) text.append(static_cast<size_t>(*spec_.width) - size, '0');
    pad(text += digits);
  }

  void list(const Value& value, size_t depth) {
    out_ += '[';
    for (size_t i = 0; i < value.items().size(); ++i) {
      if (i > 0) out_ += ' ';
      print(value.items()[i], depth + 1);
    }
    out_ += ']';
  }
  void map(const Value& value, size_t depth) {
    out_ += "map[";
    bool first = true;
    for (const auto& [key, member] : value.members()) {
      if (!first) out_ += ' ';
      first = false;
      print(Value::text(key), depth + 1);
      out_ += ':';
      print(member, depth + 1);
    }
    out_ += ']';
  }

  void text(std::string_view text) {
    if (spec_.precision) {
      size_t at = 0;
      for (int i = 0; i < *spec_.precision && at < text.size(); ++i) next_rune(text, at);
      text = text.substr(0, at);
    }
    switch (verb_) {
      case 'q':
        return pad(spec_.sharp && text.find_first_of("`\n\r") == std::string_view::npos
                       ? fmt::format("`{}`", text)
                       : bia::codec::go_quote(text));
      case 'x':
      case 'X': {
        std::string digits;
        for (size_t i = 0; i < text.size(); ++i) {
          if (i > 0 && spec_.space) digits += ' ';
          if (spec_.sharp && (i == 0 || spec_.space)) digits += "0x";
          digits += bia::hex_of(text.substr(i, 1));
        }
        return pad(verb_ == 'X' ? upper_text(digits) : digits);
      }
      default:
        return pad(text);
    }
  }

  void integer(const Value& value) {
    const bool negative = value.as_int() < 0 && !value.is(Type::kUint64);
    const auto magnitude = negative ? 0 - static_cast<uint64_t>(value.as_int())
                                    : static_cast<uint64_t>(value.as_int());
    int base = 10;
    std::string_view prefix;
    switch (verb_) {
      case 'd':
      case 'v':
        break;
      case 'b':
        base = 2;
        prefix = "0b";
        break;
      case 'o':
      case 'O':
        base = 8;
        prefix = verb_ == 'O' ? "0o" : "0";
        break;
      case 'x':
      case 'X':
        base = 16;
        prefix = verb_ == 'x' ? "0x" : "0X";
        break;
      case 'c':
      case 'q':
      case 'U':
        return rune(static_cast<char32_t>(std::min<uint64_t>(magnitude, 0xFFFD)), magnitude);
      default:
        return bad(value);
    }
    char digits[72];
    const auto end = std::to_chars(digits, digits + sizeof digits, magnitude, base);
    std::string text(digits, end.ptr);
    if (verb_ == 'X') text = upper_text(text);
    if (spec_.precision) {
      if (*spec_.precision == 0 && magnitude == 0) text.clear();
      const auto least = static_cast<size_t>(*spec_.precision);
      if (text.size() < least) text.insert(0, least - text.size(), '0');
    }
    std::string sign = negative ? "-" : spec_.plus ? "+" : spec_.space ? " " : "";
    if ((spec_.sharp && base != 10) || verb_ == 'O') sign += prefix;
    if (spec_.precision) return pad(sign + text);
    pad_number(sign, text);
  }
  void rune(char32_t rune, uint64_t number) {
    if (number <= 0x10FFFF) rune = static_cast<char32_t>(number);
    if (verb_ == 'U') return pad(fmt::format("U+{:04X}", number));
    std::string text;
    append_rune(text, rune);
    pad(verb_ == 'q' ? fmt::format("'{}'", text) : text);
  }

  void real(const Value& value) {
    const double number = value.as_real();
    std::string text;
    switch (verb_) {
      case 'v':
      case 'g':
        if (!spec_.precision) {
          bia::codec::append_go_float(text, number);
          break;
        }
        text = c_text("g", number);
        break;
      case 'G':
        if (!spec_.precision) {
          bia::codec::append_go_float(text, number);
          text = upper_text(text);
          break;
        }
        text = c_text("G", number);
        break;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
        text = c_text(verb_ == 'e' ? "e" : verb_ == 'E' ? "E" : "f", number);
        break;
      default:
        return bad(value);
    }
    std::string sign;
    if (text[0] == '-' || text[0] == '+') {
      sign = text.substr(0, 1);
      text.erase(0, 1);
    }
    if (sign != "-") sign = spec_.plus || sign == "+" ? "+" : spec_.space ? " " : "";
    pad_number(sign, text);
  }
  std::string c_text(const char* letter, double number) const {
    const int precision = std::min(spec_.precision.value_or(6), 1000);
    const std::string format = fmt::format("%{}.*{}", spec_.sharp ? "#" : "", letter);
    std::string text(1400, '\0');
    const int size = std::snprintf(text.data(), text.size(), format.c_str(), precision, number);
    text.resize(static_cast<size_t>(std::max(size, 0)));
    return text;
  }

  /// %#v
  std::string go_syntax(const Value& value, size_t depth) {
    if (depth > kValueDepthMax) return "…";
    if (value.is(Type::kString)) return bia::codec::go_quote(value.as_text());
    std::string text;
    if (value.is_list() || value.is_map()) {
      text = type_name(value) + "{";
      bool first = true;
      auto separate = [&] {
        if (!first) text += ", ";
        first = false;
      };
      if (value.is_list()) {
        for (const Value& item : value.items()) {
          if (text.size() > kOutputBytesMax) break;
          separate();
          text += go_syntax(item, depth + 1);
        }
      } else {
        for (const auto& [key, member] : value.members()) {
          if (text.size() > kOutputBytesMax) break;
          separate();
          text += bia::codec::go_quote(key) + ":" + go_syntax(member, depth + 1);
        }
      }
      return text + "}";
    }
    if (value.is_nil()) return "interface {}(nil)";
    if (value.is(Type::kUint8) || value.is(Type::kUint64))
      return fmt::format("{:#x}", static_cast<uint64_t>(value.as_int()));
    if (value.is_integer()) return std::to_string(value.as_int());
    return value_text(value);
  }

  std::string& out_;
  const Spec& spec_;
  char32_t verb_;
};

class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> values)
      : format_(format), values_(values) {}

  std::string run() {
    while (at_ < format_.size() && out_.size() <= kOutputBytesMax) {
      const size_t percent = std::min(format_.find('%', at_), format_.size());
      out_ += format_.substr(at_, percent - at_);
      at_ = percent + 1;
      if (percent < format_.size()) verb();
    }
    if (!reordered_ && next_ < values_.size()) extra();
    return std::move(out_);
  }

 private:
  void verb() {
    Spec spec;
    flags(spec);
    bool good_index = index();
    spec.width = number(good_index, "%!(BADWIDTH)");
    if (spec.width && *spec.width < 0) {
      spec.minus = true;
      spec.width = -*spec.width;
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      good_index = index() && good_index;
      spec.precision = number(good_index, "%!(BADPREC)");
      if (!spec.precision) spec.precision = 0;
      if (*spec.precision < 0) spec.precision.reset();
    }
    good_index = index() && good_index;
    if (at_ >= format_.size()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const char32_t rune = next_rune(format_, at_);
    if (rune == 'v') spec.plus = false;  // It asks for the names of fields.
    if (rune == '%') {
      out_ += '%';
    } else if (!good_index) {
      refuse(rune, "BADINDEX");
    } else if (next_ >= values_.size()) {
      refuse(rune, "MISSING");
    } else {
      Printer(out_, spec, rune).print(values_[next_++]);
    }
  }
  void refuse(char32_t rune, std::string_view why) {
    out_ += "%!";
    append_rune(out_, rune);
    out_ += fmt::format("({})", why);
  }

  void flags(Spec& spec) {
    for (; at_ < format_.size(); ++at_) {
      switch (format_[at_]) {
        case '+':
          spec.plus = true;
          break;
        case '-':
          spec.minus = true;
          break;
        case '#':
          spec.sharp = true;
          break;
        case ' ':
          spec.space = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          return;
      }
    }
  }

  /// "[2]": the next argument's number. False where there is none such.
  bool index() {
    if (at_ >= format_.size() || format_[at_] != '[') return true;
    reordered_ = true;
    const size_t close = format_.find(']', at_);
    size_t number = 0;
    const char* begin = format_.data() + at_ + 1;
    if (close == std::string_view::npos) {
      ++at_;
      return false;
    }
    const char* end = format_.data() + close;
    const auto read = std::from_chars(begin, end, number);
    at_ = close + 1;
    if (read.ec != std::errc() || read.ptr != end || number < 1 || number > values_.size())
      return false;
    next_ = number - 1;
    return true;
  }

  std::optional<int> number(bool good_index, std::string_view wrong) {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      if (good_index && next_ < values_.size() && values_[next_].is(Type::kInt) &&
          values_[next_].as_int() >= -kWidthMax && values_[next_].as_int() <= kWidthMax)
        return static_cast<int>(values_[next_++].as_int());
      if (next_ < values_.size()) ++next_;
      out_ += wrong;
      return std::nullopt;
    }
    int value = 0;
    const char* begin = format_.data() + at_;
    if (at_ >= format_.size() || *begin < '0' || *begin > '9') return std::nullopt;
    const auto read = std::from_chars(begin, format_.data() + format_.size(), value);
    at_ = static_cast<size_t>(read.ptr - format_.data());
    if (read.ec != std::errc() || value > kWidthMax) return std::nullopt;
    return value;
  }

  void extra() {
    out_ += "%!(EXTRA ";
    for (size_t i = next_; i < values_.size(); ++i) {
      if (i > next_) out_ += ", ";
      out_ += values_[i].is_nil()
                  ? "<nil>"
                  : fmt::format("{}={}", type_name(values_[i]), value_text(values_[i]));
    }
    out_ += ')';
  }

  std::string_view format_;
  std::span<const Value> values_;
  std::string out_;
  size_t at_ = 0;
  size_t next_ = 0;
  bool reordered_ = false;
};

}  // namespace

std::string sprintf(std::string_view format, std::span<const Value> values) {
  return Formatter(format, values).run();
}

}  // namespace zelus::templates
