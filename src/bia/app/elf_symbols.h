#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bia {

/// The functions of this program by address, those too that the dynamic linker does not know: from
/// the symbol table of its file, which a stripped program has not.
class ElfSymbols {
 public:
  /// Reads /proc/self/exe: blocks. Without a table it knows no name.
  static ElfSymbols of_program();
  ElfSymbols(ElfSymbols&& other) noexcept;
  ElfSymbols& operator=(ElfSymbols&&) = delete;
  ~ElfSymbols();

  /// The mangled name of the function that holds the address; empty: of none of the program's.
  const char* find(const void* address) const;
  size_t size() const { return functions_.size(); }

 private:
  struct Function {
    uint64_t begin;
    uint64_t bytes;
    const char* name;
  };
  ElfSymbols() = default;
  void read_tables();
  /// The bytes at `offset` of the file as `count` of T; null where they are not all there.
  template <typename T>
  const T* at(uint64_t offset, uint64_t count) const;

  const char* file_ = nullptr;  ///< mapped; the names are in it
  size_t file_bytes_ = 0;
  uint64_t loaded_at_ = 0;
  std::vector<Function> functions_;  ///< by `begin`
};

}  // namespace bia
