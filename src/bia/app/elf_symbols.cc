#include "bia/app/elf_symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace bia {
namespace {

/// The program itself is the first object.
int take_first(dl_phdr_info* info, size_t, void* into) noexcept {
  *static_cast<uint64_t*>(into) = info->dlpi_addr;
  return 1;
}

}  // namespace

ElfSymbols::ElfSymbols(ElfSymbols&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      file_bytes_(other.file_bytes_),
      loaded_at_(other.loaded_at_),
      functions_(std::move(other.functions_)) {}

ElfSymbols::~ElfSymbols() {
  if (file_) munmap(const_cast<char*>(file_), file_bytes_);
}

ElfSymbols ElfSymbols::of_program() {
  ElfSymbols symbols;
  const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return symbols;
  struct stat about{};
  if (fstat(fd, &about) == 0 && about.st_size > 0) {
    void* mapped = mmap(nullptr, size_t(about.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapped != MAP_FAILED) {
      symbols.file_ = static_cast<const char*>(mapped);
      symbols.file_bytes_ = size_t(about.st_size);
    }
  }
  close(fd);
  dl_iterate_phdr(take_first, &symbols.loaded_at_);
  if (symbols.file_) symbols.read_tables();
  return symbols;
}

template <typename T>
const T* ElfSymbols::at(uint64_t offset, uint64_t count) const {
  if (offset > file_bytes_ || count > (file_bytes_ - offset) / sizeof(T)) return nullptr;
  if (offset % alignof(T) != 0) return nullptr;
  return reinterpret_cast<const T*>(file_ + offset);
}

void ElfSymbols::read_tables() {
  const auto* head = at<Elf64_Ehdr>(0, 1);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
      head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof(Elf64_Shdr))
    return;
  const auto* sections = at<Elf64_Shdr>(head->e_shoff, head->e_shnum);
  if (!sections) return;
  for (const Elf64_Shdr* section = sections; section != sections + head->e_shnum; ++section) {
    if (section->sh_type != SHT_SYMTAB || section->sh_link >= head->e_shnum) continue;
    const Elf64_Shdr& names = sections[section->sh_link];
    const uint64_t count = section->sh_size / sizeof(Elf64_Sym);
    const auto* symbols = at<Elf64_Sym>(section->sh_offset, count);
    const char* texts = at<char>(names.sh_offset, names.sh_size);
    // Each name ends within the table.
    if (!symbols || !texts || names.sh_size == 0 || texts[names.sh_size - 1] != '\0') continue;
    for (const Elf64_Sym* symbol = symbols; symbol != symbols + count; ++symbol) {
      if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_size == 0) continue;
      if (symbol->st_name < names.sh_size)
        functions_.push_back({symbol->st_value, symbol->st_size, texts + symbol->st_name});
    }
  }
  std::sort(functions_.begin(), functions_.end(),
            [](const Function& a, const Function& b) { return a.begin < b.begin; });
}

const char* ElfSymbols::find(const void* address) const {
  const uint64_t place = reinterpret_cast<uintptr_t>(address) - loaded_at_;
  auto after = std::upper_bound(
      functions_.begin(), functions_.end(), place,
      [](uint64_t value, const Function& function) { return value < function.begin; });
  if (after == functions_.begin()) return "";
  const Function& function = *--after;
  return place - function.begin < function.bytes ? function.name : "";
}

}  // namespace bia
