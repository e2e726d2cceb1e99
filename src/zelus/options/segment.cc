#include "zelus/options/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

// A cycle of the striping is a vector of that length: what a user can sensibly ask for, far below
// what would not fit.
constexpr int64_t kDenominatorMax = 1'000'000;
constexpr size_t kPartsMax = 10'000;

Error bad(std::string text) {
  return Error(Code::kInvalidArgument, "BAD_SEGMENT", std::move(text));
}

Rational reduced(int64_t num, int64_t den) {
  int64_t divisor = std::gcd(num, den);
  return divisor > 1 ? Rational{num / divisor, den / divisor} : Rational{num, den};
}
Rational minus(Rational a, Rational b) {
  return reduced(a.num * b.den - b.num * a.den, a.den * b.den);
}
bool less(Rational a, Rational b) { return a.num * b.den < b.num * a.den; }

std::optional<int64_t> integer(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > kDenominatorMax || value < -kDenominatorMax) return std::nullopt;
  return value;
}

std::optional<Rational> plain_rational(std::string_view text) {
  if (size_t slash = text.find('/'); slash != std::string_view::npos) {
    auto num = integer(text.substr(0, slash)), den = integer(text.substr(slash + 1));
    if (!num || !den || *den <= 0) return std::nullopt;
    return reduced(*num, *den);
  }
  size_t dot = text.find('.');
  if (dot == std::string_view::npos) {
    auto num = integer(text);
    return num ? std::optional(Rational{*num, 1}) : std::nullopt;
  }
  std::string digits(text.substr(0, dot));
  digits += text.substr(dot + 1);
  int64_t den = 1;
  for (size_t i = dot + 1; i < text.size() && den <= kDenominatorMax; ++i) den *= 10;
  auto num = integer(digits);
  if (!num || den > kDenominatorMax) return std::nullopt;
  return reduced(*num, den);
}

Result<Rational> parse_rational(std::string_view text) {
  if (text.ends_with('%')) {
    if (auto num = integer(text.substr(0, text.size() - 1))) return reduced(*num, 100);
    return bad(fmt::format("'{}' is not a valid percentage", text));
  }
  if (auto value = plain_rational(text)) return *value;
  return bad(
      fmt::format("'{}' is not a valid percentage, decimal, fraction or interval value", text));
}

Result<Segment::Part> make_part(Rational from, Rational to) {
  if (from.num < 0)
    return bad(fmt::format("segment start value must be at least 0 but was {:.2f}", from.value()));
  if (!less(from, to)) {
    return bad(fmt::format("segment start({:.2f}) must be less than its end({:.2f})", from.value(),
                           to.value()));
  }
  if (to.num > to.den)
    return bad(fmt::format("segment end value can't be more than 1 but was {:.2f}", to.value()));
  return Segment::Part{from, to, minus(to, from)};
}

Result<Segment::Part> parse_segment(std::string_view text) {
  Rational from;
  if (text.empty()) text = "1";
  if (size_t colon = text.find(':'); colon != std::string_view::npos) {
    from = BIA_TRY(parse_rational(text.substr(0, colon)));
    text = text.substr(colon + 1);
  }
  Rational to = BIA_TRY(parse_rational(text));
  return make_part(from, to);
}

Result<std::vector<Segment::Part>> parse_sequence(std::string_view text) {
  std::vector<Rational> points;
  if (!text.empty() && text.find(',') == std::string_view::npos)
    return bad("at least 2 points are needed for an execution segment sequence, 1 given");
  while (!text.empty()) {
    size_t comma = text.find(',');
    points.push_back(BIA_TRY(parse_rational(text.substr(0, comma))));
    if (points.size() > kPartsMax)
      return bad(fmt::format("more than {} points in an execution segment sequence", kPartsMax));
    if (comma == std::string_view::npos) break;
    text = text.substr(comma + 1);
    if (text.empty()) points.push_back(BIA_TRY(parse_rational(text)));
  }
  std::vector<Segment::Part> parts;
  for (size_t i = 1; i < points.size(); ++i)
    parts.push_back(BIA_TRY(make_part(points[i - 1], points[i])));
  return parts;
}

}  // namespace

std::string Rational::text() const {
  return den == 1 ? fmt::format("{}", num) : fmt::format("{}/{}", num, den);
}

Segment::Segment() : parts_{{{0, 1}, {1, 1}, {1, 1}}}, stripes_{{0, 1}}, offsets_{1}, sums_{0} {}

Result<void> Segment::check(std::string_view segment, std::string_view sequence) {
  BIA_TRY(parse_segment(segment));
  BIA_TRY(parse_sequence(sequence));
  return {};
}

Result<Segment> Segment::create(std::string_view segment, std::string_view sequence) {
  Part wanted = BIA_TRY(parse_segment(segment));
  std::vector<Part> parts = BIA_TRY(parse_sequence(sequence));
  if (!parts.empty()) {
    auto same = [&](const Part& part) { return part.from == wanted.from && part.to == wanted.to; };
    if (std::none_of(parts.begin(), parts.end(), same)) {
      return bad(fmt::format("provided segment {}:{} can't be found in sequence {}",
                             wanted.from.text(), wanted.to.text(), sequence));
    }
  } else {
    parts.push_back(wanted);
  }
  if (parts.front().from.num != 0)
    parts.insert(parts.begin(), BIA_TRY(make_part({0, 1}, parts.front().from)));
  if (parts.back().to != Rational{1, 1})
    parts.push_back(BIA_TRY(make_part(parts.back().to, {1, 1})));
  Segment result;
  result.parts_ = std::move(parts);
  size_t index = 0;
  while (result.parts_[index].from != wanted.from) ++index;
  BIA_TRY(result.stripe(index));
  return result;
}

// k6's NewExecutionSegmentSequenceWrapper: by size, each segment takes an element as soon as it has
// fewer than its share of those before.
Result<void> Segment::stripe(size_t index) {
  index_ = index;
  lcd_ = 1;
  for (const Part& part : parts_) {
    lcd_ = std::lcm(lcd_, part.length.den);
    if (lcd_ > kDenominatorMax) {
      return bad(fmt::format(
          "the common denominator of the execution segments is above {}; use simpler fractions",
          kDenominatorMax));
    }
  }
  struct Share {
    int64_t numerator;
    size_t part;
    int64_t taken = 0;
  };
  std::vector<Share> shares;
  for (size_t i = 0; i < parts_.size(); ++i)
    shares.push_back({parts_[i].length.num * (lcd_ / parts_[i].length.den), i});
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.numerator > b.numerator; });
  stripes_.assign(parts_.size(), {});
  std::vector<int64_t> previous(parts_.size(), 0);
  for (int64_t i = 0; i < lcd_; ++i) {
    for (Share& share : shares) {
      int64_t due = share.taken * lcd_;
      if (!(i > due / share.numerator ||
            (i == due / share.numerator && due % share.numerator == 0)))
        continue;
      ++share.taken;
      auto& stripe = stripes_[share.part];
      stripe.push_back(i - previous[share.part]);
      previous[share.part] = i;
      if (static_cast<int64_t>(stripe.size()) == share.numerator)
        stripe.push_back(stripe.front() + lcd_ - i);
      break;
    }
  }
  offsets_.assign(stripes_[index_].begin() + 1, stripes_[index_].end());
  sums_.assign(1, 0);
  for (size_t i = 0; i + 1 < offsets_.size(); ++i) sums_.push_back(sums_.back() + offsets_[i]);
  return {};
}

int64_t Segment::scale(int64_t value) const {
  if (whole() || value <= 0) return value;
  int64_t result = value / lcd_ * static_cast<int64_t>(offsets_.size());
  int64_t at = stripe_start();
  for (size_t i = 0; at < value % lcd_; at += offsets_[i++]) ++result;
  return result;
}

Result<Segment> Segment::restriped(int64_t value) const {
  if (value < 1) return bad(fmt::format("cannot generate new sequence for value {}", value));
  if (value % lcd_ == 0) return *this;
  Segment result;
  result.parts_.clear();
  std::optional<size_t> index;
  int64_t before = 0;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Segment view = *this;
    view.index_ = i;
    view.offsets_.assign(stripes_[i].begin() + 1, stripes_[i].end());
    int64_t share = view.scale(value);
    if (share == 0) continue;
    Rational from = reduced(before, value), to = reduced(before + share, value);
    before += share;
    if (i == index_) index = result.parts_.size();
    result.parts_.push_back({from, to, minus(to, from)});
  }
  if (!index) {
    return bad(fmt::format("segment {} ({}) isn't present in the new sequence", index_, text()));
  }
  BIA_TRY(result.stripe(*index));
  return result;
}

double Segment::length() const { return parts_[index_].length.value(); }
Rational Segment::length_fraction() const { return parts_[index_].length; }
std::string Segment::text() const {
  return parts_[index_].from.text() + ":" + parts_[index_].to.text();
}

uint64_t Segment::global(uint64_t local) const {
  if (whole()) return local;
  uint64_t cycle = local / offsets_.size();
  return cycle * static_cast<uint64_t>(lcd_) +
         static_cast<uint64_t>(stripe_start() + sums_[local % offsets_.size()]);
}

void SegmentedIndex::next() {
  const auto& offsets = segment_.stripe_offsets();
  unscaled_ += scaled_ == 0 ? segment_.stripe_start() + 1
                            : offsets[static_cast<size_t>(scaled_ - 1) % offsets.size()];
  ++scaled_;
}

void SegmentedIndex::previous() {
  const auto& offsets = segment_.stripe_offsets();
  unscaled_ -= scaled_ == 1 ? segment_.stripe_start() + 1
                            : offsets[static_cast<size_t>(scaled_ - 2) % offsets.size()];
  --scaled_;
}

void SegmentedIndex::go_to(int64_t value) {
  scaled_ = segment_.whole() ? value : segment_.scale(value);
  unscaled_ = scaled_ == 0
                  ? 0
                  : static_cast<int64_t>(segment_.global(static_cast<uint64_t>(scaled_ - 1))) + 1;
}

}  // namespace zelus::options
