#pragma once

namespace zelus::templates {

/// What shopspring's decimals make of two floats' shortest digits: 0.1 + 0.2 is 0.3. A quotient has
/// 16 digits after the point. `b` is not 0 in a quotient.
enum class DecimalOp { kAdd, kSubtract, kMultiply, kDivide };
class Decimal {
 public:
  explicit Decimal(double value);
  void apply(DecimalOp op, const Decimal& other);
  double value() const;

 private:
  __extension__ using Digits = __int128;
  static bool scale(Digits& digits, int by);
  void add(const Decimal& other, bool subtract);
  void divide(const Decimal& other);

  // digits * 10^exponent; where those overflow: rough_ alone.
  Digits digits_ = 0;
  int exponent_ = 0;
  double rough_ = 0;
  bool exact_ = true;
};

}  // namespace zelus::templates
