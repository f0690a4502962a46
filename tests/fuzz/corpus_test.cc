// Every file of the corpora once: what a fuzzer has found stays found. Each of them cut at every byte and with every
// byte made another one: what a fuzzer tries first. And some thousand changes by chance, the same ones every time.
// Without libFuzzer; with it: scripts/fuzz.
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "tests/fuzz/targets.h"

namespace ballast::fuzz {
namespace {

std::vector<std::string> Corpus(const Target& target) {
  std::vector<std::string> corpus;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(BALLAST_CORPUS) + "/" + std::string(target.name))) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  std::sort(corpus.begin(), corpus.end());  // a folder has no order
  return corpus;
}

class CorpusTest : public testing::TestWithParam<Target> {};

TEST_P(CorpusTest, NothingOfItBreaksAReader) {
  google::protobuf::LogSilencer quiet;
  std::vector<std::string> corpus = Corpus(GetParam());
  ASSERT_FALSE(corpus.empty());
  GetParam().read("");
  for (const std::string& bytes : corpus) GetParam().read(bytes);
}

TEST_P(CorpusTest, NorDoesAnythingNearIt) {
  google::protobuf::LogSilencer quiet;
  // Of a file; the rest of a long one is like its beginning.
  constexpr std::size_t kBytesMax = 400;
  for (const std::string& bytes : Corpus(GetParam())) {
    for (std::size_t at = 0; at < std::min(bytes.size(), kBytesMax); ++at) {
      GetParam().read(std::string_view(bytes).substr(0, at));
      for (char other : {'\0', '\x7f', '\xff', '9', '-'}) {
        std::string changed = bytes;
        changed[at] = other;
        GetParam().read(changed);
      }
    }
  }
}

// One change as a fuzzer makes them: bytes flipped, put in, taken out, doubled, taken from another file, or made a
// number that readers stumble over.
std::string Changed(std::string bytes, const std::vector<std::string>& corpus, Rng& dice) {
  static const std::vector<std::string> kOdd = {std::string("\0", 1),
                                                "\xff\xff\xff\xff\x0f",
                                                "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                                "-1",
                                                "9223372036854775808",
                                                "1e999",
                                                "NaN",
                                                "\xed\xa0\x80",
                                                "\"",
                                                "{",
                                                "[[[[",
                                                "\r\n",
                                                ",,",
                                                "0.0000000000000000001",
                                                "999999999999999999.9"};
  std::size_t at = dice.Below(bytes.size() + 1);
  std::size_t count = 1 + dice.Below(8);
  switch (dice.Below(6)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.Below(8)));
      break;
    case 1:
      bytes.insert(at, count, static_cast<char>(dice.Below(256)));
      break;
    case 2:
      bytes.erase(at, count);
      break;
    case 3:
      bytes.insert(at, bytes.substr(at, count * 8));
      break;
    case 4: {
      const std::string& other = corpus[dice.Below(corpus.size())];
      bytes = bytes.substr(0, at) + other.substr(dice.Below(other.size() + 1));
      break;
    }
    default:
      bytes.insert(at, kOdd[dice.Below(kOdd.size())]);
  }
  return bytes;
}

TEST_P(CorpusTest, NorDoChangesByChance) {
  google::protobuf::LogSilencer quiet;
  constexpr int kInputs = 4'000;
  constexpr std::size_t kBytesMax = 4'096;
  std::vector<std::string> corpus = Corpus(GetParam());
  Rng dice(45);
  for (int i = 0; i < kInputs; ++i) {
    std::string bytes = corpus[dice.Below(corpus.size())].substr(0, kBytesMax);
    for (std::uint64_t left = 1 + dice.Below(4); left > 0; --left) bytes = Changed(std::move(bytes), corpus, dice);
    GetParam().read(bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, CorpusTest, testing::ValuesIn(kTargets),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace ballast::fuzz
