#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace zelus::templates {

/// The thread's own. Not fiber-local, and needs not be: a number drawn by another fiber in between
/// harms nobody.
std::mt19937_64& random_source();
/// From `low` below `below`.
int64_t random_between(int64_t low, int64_t below);
std::string random_text(size_t length, std::string_view letters);
std::string uuid_v4();

}  // namespace zelus::templates
