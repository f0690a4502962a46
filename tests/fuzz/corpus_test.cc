// Every file of the corpora once: what a fuzzer has found stays found. And each of them cut at every byte, with every
// byte made another one: what a fuzzer tries first.
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

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

INSTANTIATE_TEST_SUITE_P(Targets, CorpusTest, testing::ValuesIn(kTargets),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace ballast::fuzz
