#include "libs/market/compressed_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ballast::market {
namespace {

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class CompressedFileTest : public testing::Test {
 protected:
  CompressedFileTest() {
    std::string name = std::filesystem::temp_directory_path() / "compressed-file-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~CompressedFileTest() override { std::filesystem::remove_all(folder_); }

  // The text, or why there is none. Pieces of `piece` bytes.
  std::string ReadAll(const std::string& bytes, std::size_t piece = 1'000) {
    std::string path = folder_ + "/file";
    std::ofstream(path, std::ios::binary) << bytes;
    CompressedFile file;
    EXPECT_TRUE(file.Open(path));
    std::string text;
    while (true) {
      absl::StatusOr<std::size_t> got = file.Read(piece, text);
      if (!got.ok()) return "error: " + std::string(got.status().message());
      if (*got == 0) return text;
    }
  }

  std::string folder_;
};

std::string Long() {
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

TEST_F(CompressedFileTest, ReadsPlainGzippedAndSeveralMembers) {
  std::string text = Long();
  for (std::size_t piece : {1UL, 997UL, 65'536UL}) {
    if (piece > 1) {
      EXPECT_EQ(ReadAll(text, piece), text);
    }
    EXPECT_EQ(ReadAll(Gzip(text), piece), text);
    EXPECT_EQ(ReadAll(Gzip(text) + Gzip("more\n") + Gzip(""), piece), text + "more\n");
  }
  EXPECT_EQ(ReadAll(""), "");
  EXPECT_EQ(ReadAll(Gzip("")), "");
}

TEST_F(CompressedFileTest, SaysWhatGzipForgives) {
  std::string whole = Gzip("time,price\n1,2\n");
  for (std::size_t kept = 2; kept < whole.size(); ++kept) {
    EXPECT_EQ(ReadAll(whole.substr(0, kept)), "error: the compressed data breaks off") << kept;
  }
  const char* behind = "error: there is something else behind the end of the compressed data";
  EXPECT_EQ(ReadAll(whole + "3,4\n"), behind);
  EXPECT_EQ(ReadAll(whole + "x"), behind);
  EXPECT_EQ(ReadAll(whole + std::string(512, '\0')), behind);
  std::string damaged = whole;
  damaged[whole.size() - 8] ^= 1;  // the checksum
  EXPECT_EQ(ReadAll(damaged), "error: the compressed data is damaged");
}

}  // namespace
}  // namespace ballast::market
