#include "zelus/run/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace zelus::run {

using bia::Code;
using bia::Error;
using bia::Result;

namespace {

constexpr size_t kBlock = 512;
constexpr size_t kNameBytes = 100;
constexpr char kFile = '0', kLink = '1', kFolder = '5', kPax = 'x', kGnuName = 'L';

Error broken(std::string_view why) {
  return Error(Code::kInvalidArgument, "BAD_TAR", fmt::format("the archive is broken: {}", why));
}

size_t padded(size_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

void put(std::string& block, size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
}

uint32_t checksum(std::string_view block) {
  uint32_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(block[i]);
  return sum;
}

std::string_view text_at(std::string_view block, size_t at, size_t size) {
  std::string_view field = block.substr(at, size);
  return field.substr(0, field.find('\0'));
}

bool octal_at(std::string_view block, size_t at, size_t size, uint64_t& value) {
  std::string_view field = text_at(block, at, size);
  while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
  while (!field.empty() && field.back() == ' ') field.remove_suffix(1);
  value = 0;
  auto done = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  return !field.empty() && done.ec == std::errc() && done.ptr == field.data() + field.size();
}

// "27 path=a/long/name\n": its length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  size_t rest = key.size() + value.size() + 3;
  size_t size = rest + std::to_string(rest).size();
  if (std::to_string(size).size() + rest != size) size = std::to_string(size).size() + rest;
  return fmt::format("{} {}={}\n", size, key, value);
}

std::string pax_path(std::string_view records) {
  size_t at = records.find(" path=");
  if (at == std::string_view::npos) return "";
  std::string_view value = records.substr(at + 6);
  return std::string(value.substr(0, value.find('\n')));
}

}  // namespace

void TarWriter::add_header(std::string_view name, char kind, size_t size, std::string_view target,
                           uint32_t mode) {
  if (name.size() > kNameBytes && kind != kPax) {
    std::string record = pax_record("path", name);
    add_header("pax", kPax, record.size(), "", 0644);
    bytes_ += record;
    bytes_.resize(padded(bytes_.size()), '\0');
  }
  std::string block(kBlock, '\0');
  put(block, 0, name.substr(0, kNameBytes));
  put(block, 100, fmt::format("{:07o}", mode));
  put(block, 108, "0000000");
  put(block, 116, "0000000");
  put(block, 124, fmt::format("{:011o}", size));
  put(block, 136, fmt::format("{:011o}", time_));
  block[156] = kind;
  put(block, 157, target.substr(0, kNameBytes));
  put(block, 257, "ustar");
  put(block, 263, "00");
  put(block, 148, fmt::format("{:06o}", checksum(block)));
  block[155] = ' ';
  bytes_ += block;
}

void TarWriter::add_file(std::string_view name, std::string_view bytes) {
  add_header(name, kFile, bytes.size(), "", 0644);
  bytes_ += bytes;
  bytes_.resize(padded(bytes_.size()), '\0');
}

void TarWriter::add_folder(std::string_view name) { add_header(name, kFolder, 0, "", 0755); }

void TarWriter::add_link(std::string_view name, std::string_view target) {
  add_header(name, kLink, 0, target, 0);
}

std::string TarWriter::take() {
  bytes_.append(2 * kBlock, '\0');
  return std::move(bytes_);
}

bool is_tar(std::string_view bytes) {
  return bytes.size() >= kBlock && bytes.substr(257, 5) == "ustar";
}

Result<std::map<std::string, std::string>> read_tar(std::string_view bytes) {
  std::map<std::string, std::string> files;
  std::string long_name;
  for (size_t at = 0;;) {
    if (bytes.size() - at < kBlock) return broken("it has no end");
    std::string_view block = bytes.substr(at, kBlock);
    at += kBlock;
    if (block.find_first_not_of('\0') == std::string_view::npos) return files;
    uint64_t size = 0;
    uint64_t sum = 0;
    if (!octal_at(block, 148, 8, sum) || sum != checksum(block))
      return broken(fmt::format("wrong checksum at byte {}", at - kBlock));
    if (!octal_at(block, 124, 12, size) || size > bytes.size() - at)
      return broken(fmt::format("the file at byte {} is cut off", at - kBlock));
    std::string_view content = bytes.substr(at, size);
    at = std::min(at + padded(size), bytes.size());
    char kind = block[156];
    if (kind == kPax || kind == kGnuName) {
      long_name = kind == kPax ? pax_path(content) : std::string(text_at(content, 0, size));
      continue;
    }
    std::string name = std::exchange(long_name, "");
    if (name.empty()) {
      std::string_view prefix = text_at(block, 345, 155);
      name = std::string(prefix) + (prefix.empty() ? "" : "/") +
             std::string(text_at(block, 0, kNameBytes));
    }
    if (kind == kLink) {
      auto target = files.find(std::string(text_at(block, 157, kNameBytes)));
      if (target == files.end()) return broken(fmt::format("{} links to nothing", name));
      files[name] = target->second;
    } else if (kind == kFile || kind == '\0') {
      files[name] = content;
    }
  }
}

}  // namespace zelus::run
