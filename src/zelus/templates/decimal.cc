#include "zelus/templates/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace zelus::templates {
namespace {

constexpr int kQuotientDigits = 16;

std::string text_of(__int128 digits) {
  const bool negative = digits < 0;
  std::string out;
  do {
    const int digit = static_cast<int>(digits % 10);
    out += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    digits /= 10;
  } while (digits != 0);
  if (negative) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

Decimal::Decimal(double value) : rough_(value), exact_(std::isfinite(value)) {
  if (!exact_) return;
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  bool after_point = false, negative = false;
  for (const char* p = text; p != end.ptr; ++p) {
    if (*p == '-') {
      negative = true;
    } else if (*p == '.') {
      after_point = true;
    } else if (*p == 'e') {
      int exponent = 0;
      std::from_chars(p + (p[1] == '+' ? 2 : 1), end.ptr, exponent);
      exponent_ += exponent;
      break;
    } else {
      digits_ = digits_ * 10 + (*p - '0');
      if (after_point) --exponent_;
    }
  }
  if (negative) digits_ = -digits_;
}

bool Decimal::scale(Digits& digits, int by) {
  for (; by > 0; --by) {
    if (__builtin_mul_overflow(digits, Digits(10), &digits)) return false;
  }
  return true;
}

void Decimal::add(const Decimal& other, bool subtract) {
  Digits theirs = other.digits_;
  const int exponent = std::min(exponent_, other.exponent_);
  exact_ = exact_ && other.exact_ && scale(digits_, exponent_ - exponent) &&
           scale(theirs, other.exponent_ - exponent) &&
           !(subtract ? __builtin_sub_overflow(digits_, theirs, &digits_)
                      : __builtin_add_overflow(digits_, theirs, &digits_));
  exponent_ = exponent;
}

void Decimal::divide(const Decimal& other) {
  exact_ = exact_ && other.exact_ && other.digits_ != 0;
  if (!exact_) return;
  Digits divisor = other.digits_;
  // digits * 10^by / divisor is the quotient's digits.
  const int by = exponent_ - other.exponent_ + kQuotientDigits;
  exact_ = by >= 0 ? scale(digits_, by) : scale(divisor, -by);
  if (!exact_) return;
  const Digits rest = digits_ % divisor;
  const bool negative = (digits_ < 0) != (divisor < 0);
  digits_ /= divisor;
  const Digits twice = rest < 0 ? -rest * 2 : rest * 2;
  if (twice >= (divisor < 0 ? -divisor : divisor)) digits_ += negative ? -1 : 1;
  exponent_ = -kQuotientDigits;
}

void Decimal::apply(DecimalOp op, const Decimal& other) {
  const double a = value();
  const double b = other.value();
  switch (op) {
    case DecimalOp::kAdd:
      rough_ = a + b;
      return add(other, false);
    case DecimalOp::kSubtract:
      rough_ = a - b;
      return add(other, true);
    case DecimalOp::kMultiply:
      rough_ = a * b;
      exact_ = exact_ && other.exact_ && !__builtin_mul_overflow(digits_, other.digits_, &digits_);
      exponent_ += other.exponent_;
      return;
    case DecimalOp::kDivide:
      rough_ = a / b;
      return divide(other);
  }
}

double Decimal::value() const {
  if (!exact_) return rough_;
  const std::string text = text_of(digits_) + "e" + std::to_string(exponent_);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace zelus::templates
