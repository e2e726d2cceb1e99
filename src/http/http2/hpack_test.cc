#include "http/http2/hpack.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <random>

namespace bia::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::optional<Fields> decode(HpackDecoder& decoder, std::string_view block) {
  Fields fields;
  HpackField field;
  decoder.begin(block);
  for (;;) {
    switch (decoder.next(field)) {
      case HpackDecoder::Next::kEnd:
        return fields;
      case HpackDecoder::Next::kError:
        return std::nullopt;
      case HpackDecoder::Next::kField:
        fields.emplace_back(field.name, field.value);
    }
  }
}

// nghttp2's encoder, which uses all of HPACK: Huffman, incremental indexing, evictions, size
// updates.
class Deflater {
 public:
  Deflater() { nghttp2_hd_deflate_new(&deflater_, 4096); }
  ~Deflater() { nghttp2_hd_deflate_del(deflater_); }
  void resize(size_t bytes) { nghttp2_hd_deflate_change_table_size(deflater_, bytes); }
  std::string encode(const Fields& fields) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    std::string out(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()), '\0');
    ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<uint8_t*>(out.data()),
                                         out.size(), list.data(), list.size());
    EXPECT_GE(size, 0);
    out.resize(static_cast<size_t>(size));
    return out;
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

Fields random_fields(std::mt19937& random) {
  static const char* const kNames[] = {
      ":path",        "x-a",        "cookie",      "x-long-name-of-a-header",
      "grpc-timeout", "user-agent", "content-type"};
  Fields fields;
  size_t count = random() % 8;
  for (size_t i = 0; i < count; ++i) {
    std::string value;
    size_t size = random() % 5 == 0 ? random() % 3000 : random() % 30;
    for (size_t j = 0; j < size; ++j)
      value += static_cast<char>(random() % 4 ? 'a' + random() % 26 : ' ' + random() % 95);
    if (random() % 3 == 0) value = "the same";
    fields.emplace_back(kNames[random() % std::size(kNames)], value);
  }
  return fields;
}

TEST(HpackDecoder, ReadsWhatNghttp2Writes) {
  std::mt19937 random(1);
  for (int connection = 0; connection < 30; ++connection) {
    Deflater deflater;
    HpackDecoder decoder;
    for (int i = 0; i < 200; ++i) {
      if (random() % 20 == 0) deflater.resize(random() % 4097);
      Fields fields = random_fields(random);
      ASSERT_EQ(decode(decoder, deflater.encode(fields)), fields);
    }
  }
}

TEST(HpackDecoder, ReadsLongHuffmanCodesAtAnyPlace) {
  // Among short codes, one of 13, 19, 26, 28 or 30 bits, at the begin and end of what is read at
  // once.
  constexpr char kRare[] = {'$', '\\', '\xc0', '\x01', '\n'};
  Deflater deflater;
  HpackDecoder decoder;
  for (size_t size = 0; size < 40; ++size) {
    for (size_t place = 0; place < size; ++place) {
      for (char rare : kRare) {
        std::string value(size, "012ae"[size % 5]);
        value[place] = rare;
        Fields fields = {{"x-a", value}, {":path", std::string(size, 'z')}};
        ASSERT_EQ(decode(decoder, deflater.encode(fields)), fields) << size << " " << place;
      }
    }
  }
}

TEST(HpackDecoder, RefusesBadPaddingAfterAnyNumberOfCodes) {
  for (size_t size = 0; size < 24; ++size) {
    // 'a' is 00011; the rest of the last byte is ones.
    std::string bits;
    for (size_t i = 0; i < size; ++i) bits += "00011";
    auto packed = [](std::string text) {
      text.resize((text.size() + 7) / 8 * 8, '1');
      std::string bytes;
      for (size_t i = 0; i < text.size(); i += 8)
        bytes += static_cast<char>(std::stoi(text.substr(i, 8), nullptr, 2));
      return bytes;
    };
    std::string text;
    EXPECT_TRUE(decode_huffman(packed(bits), text));
    EXPECT_EQ(text, std::string(size, 'a'));
    EXPECT_FALSE(decode_huffman(packed(bits) + '\xff', text)) << "8 bits and more";
    // Fewer than six bits, or they would be a code.
    if (bits.size() % 8 > 2) {
      EXPECT_FALSE(decode_huffman(packed(bits + "0"), text)) << "a zero";
    }
    EXPECT_FALSE(decode_huffman(packed(bits + std::string(30, '1')), text)) << "EOS";
  }
}

TEST(HpackEncoder, WritesWhatNghttp2Reads) {
  std::mt19937 random(2);
  for (int connection = 0; connection < 30; ++connection) {
    nghttp2_hd_inflater* inflater = nullptr;
    nghttp2_hd_inflate_new(&inflater);
    HpackEncoder encoder;
    HpackDecoder decoder;
    for (int i = 0; i < 100; ++i) {
      if (random() % 20 == 0) encoder.set_table_max(random() % 5000);
      Fields fields = random_fields(random);
      ByteBuffer out;
      encoder.begin(out);
      for (const auto& [name, value] : fields) {
        Http2Field field{name, value};
        field.table = static_cast<Http2Field::Table>(random() % 3);
        if (name == ":path") field.static_name = 4;
        encoder.add(out, field);
      }
      ASSERT_EQ(decode(decoder, out.view()), fields);
      Fields read;
      std::string_view rest = out.view();
      for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(
            inflater, &nv, &flags, reinterpret_cast<const uint8_t*>(rest.data()), rest.size(), 1);
        ASSERT_GE(used, 0);
        rest.remove_prefix(static_cast<size_t>(used));
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
          read.emplace_back(std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                            std::string(reinterpret_cast<char*>(nv.value), nv.valuelen));
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
      }
      nghttp2_hd_inflate_end_headers(inflater);
      ASSERT_EQ(read, fields);
    }
    nghttp2_hd_inflate_del(inflater);
  }
}

TEST(HpackEncoder, NamesARepeatedFieldByOneByte) {
  HpackEncoder encoder;
  ByteBuffer first, second;
  Http2Field field{"content-type", "application/grpc", 31, 0, Http2Field::Table::kKeep};
  encoder.add(first, field);
  encoder.add(second, field);
  encoder.add(second, {":status", "200", 8, 8});
  EXPECT_EQ(second.view(), "\xbe\x88");
}

TEST(HpackDecoder, ReadsTheExamplesOfRfc7541) {
  HpackDecoder decoder;
  // Appendix C.4.1 and C.4.2.
  EXPECT_EQ(decode(decoder, "\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"),
            (Fields{{":method", "GET"},
                    {":scheme", "http"},
                    {":path", "/"},
                    {":authority", "www.example.com"}}));
  EXPECT_EQ(decode(decoder, "\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf"),
            (Fields{{":method", "GET"},
                    {":scheme", "http"},
                    {":path", "/"},
                    {":authority", "www.example.com"},
                    {"cache-control", "no-cache"}}));
}

TEST(HpackDecoder, ItsTableIsBoundedWhateverItsEntriesAre) {
  for (const size_t value_size : {size_t{0}, size_t{1}, size_t{100}}) {
    std::string block;
    for (int i = 0; i < 100'000; ++i)
      block +=
          std::string("\x40\0", 2) + static_cast<char>(value_size) + std::string(value_size, 'v');
    HpackDecoder decoder;
    HpackField field;
    decoder.begin(block);
    while (decoder.next(field) == HpackDecoder::Next::kField) {
    }
    EXPECT_LT(decoder.table_memory(), 8 * kHpackTableBytes) << value_size;
    decoder.begin("\xbe");  // The newest is still there.
    ASSERT_EQ(decoder.next(field), HpackDecoder::Next::kField);
    EXPECT_EQ(field.value, std::string(value_size, 'v'));
  }
}

TEST(HpackDecoder, RefusesMalformedBlocks) {
  for (std::string_view bad : {
           std::string_view("\x80"),                          // index 0
           std::string_view("\xbe"),                          // beyond the table
           std::string_view("\xff\xff\xff\xff\xff\xff\x7f"),  // a number without end
           std::string_view("\xff"),                          // cut
           std::string_view("\x40\x01"),                      // a name that is not there
           std::string_view("\x00\x03xy", 4),                 // cut
           std::string_view("\x82\x20"),                      // a size update after a field
           std::string_view("\x3f\xe2\x1f"),                  // a table of 4097
           std::string_view("\x44\x81\xfe"),                  // padding that is not ones
           std::string_view("\x44\x82\x1f\xff"),              // padding of 8 bits and more
           std::string_view("\x44\x84\xff\xff\xff\xff"),      // EOS
       }) {
    HpackDecoder decoder;
    EXPECT_EQ(decode(decoder, bad), std::nullopt) << testing::PrintToString(bad);
  }
}

TEST(HpackDecoder, FlagsFieldsThatHttp2DoesNotAllow) {
  auto valid = [](std::string_view name, std::string_view value) {
    std::string block("\x00", 1);
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
    HpackDecoder decoder;
    HpackField field;
    decoder.begin(block);
    EXPECT_EQ(decoder.next(field), HpackDecoder::Next::kField);
    return decoder.valid();
  };
  EXPECT_TRUE(valid("x-a", "b c"));
  EXPECT_TRUE(valid(":path", "/"));
  for (const char* name : {"", "X", "a b", "a:b", ":", "\x7f"})
    EXPECT_FALSE(valid(name, "v")) << name;
  for (std::string_view value :
       {std::string_view("a\nb"), std::string_view("\r"), std::string_view("a\0", 2),
        std::string_view(" a"), std::string_view("a\t")}) {
    EXPECT_FALSE(valid("x", value));
  }
}

}  // namespace
}  // namespace bia::http
