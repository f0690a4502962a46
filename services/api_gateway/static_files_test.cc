#include "services/api_gateway/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "libs/platform/http/url.h"

namespace ballast {
namespace {

using ::testing::HasSubstr;

std::string HeaderOf(const HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

class StaticFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(::testing::TempDir()) / ("web_" + std::to_string(::getpid()));
    std::filesystem::create_directories(root_ / "site" / "assets");
    Write("site/index.html", "<!doctype html>page");
    Write("site/assets/app-1a2b.js", "code");
    Write("site/icon.svg", "<svg/>");
    Write("site/.secret", "hidden");
    Write("outside.txt", "outside");
    std::filesystem::create_symlink(root_ / "outside.txt", root_ / "site" / "link.txt");
    ASSERT_TRUE(files_.Load((root_ / "site").string()).ok());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }
  HttpResponse Get(const std::string& target, HttpHeaders headers = {}) {
    auto parsed = ParseTarget(target);
    return files_.Serve({.method = "GET",
                         .target = target,
                         .segments = parsed->segments,
                         .query = {},
                         .headers = std::move(headers),
                         .body = "",
                         .remote = ""});
  }
  std::filesystem::path root_;
  StaticFiles files_;
};

TEST_F(StaticFilesTest, ServesFilesWithTheirTypes) {
  EXPECT_TRUE(files_.has_dashboard());
  EXPECT_THAT(Get("/").body, HasSubstr("page"));
  EXPECT_EQ(HeaderOf(Get("/"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(HeaderOf(Get("/"), "Cache-Control"), "no-cache");
  EXPECT_EQ(HeaderOf(Get("/icon.svg"), "Content-Type"), "image/svg+xml");
  EXPECT_EQ(Get("/assets/app-1a2b.js").body, "code");
  EXPECT_THAT(HeaderOf(Get("/assets/app-1a2b.js"), "Cache-Control"), HasSubstr("immutable"));
}

TEST_F(StaticFilesTest, AnAddressOfThePageGetsThePage) {
  EXPECT_THAT(Get("/orders").body, HasSubstr("page"));
  EXPECT_THAT(Get("/deployments/d1").body, HasSubstr("page"));
  EXPECT_EQ(Get("/assets/gone-3c4d.js").status, 404);
}

TEST_F(StaticFilesTest, NothingOutsideTheFolderIsReachable) {
  for (const char* path :
       {"/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/assets/../../outside.txt", "/link.txt",
        "/.secret", "//outside.txt", "//outside", "/.", "/..%2foutside", "/assets/..%5c..%5coutside.txt"}) {
    HttpResponse response = Get(path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.body, "") << path;
  }
}

TEST_F(StaticFilesTest, WhatTheBrowserHasIsNotSentAgain) {
  std::string etag = HeaderOf(Get("/"), "ETag");
  HttpResponse response = Get("/", {{"if-none-match", etag}});
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, "");
}

TEST(StaticFilesAloneTest, WithoutADashboardAPageSaysSo) {
  StaticFiles files;
  EXPECT_FALSE(files.Load("/nonexistent/folder").ok());
  EXPECT_FALSE(files.has_dashboard());
  EXPECT_TRUE(files.Load("").ok());
  EXPECT_FALSE(files.has_dashboard());
  HttpResponse response = files.Serve({.method = "GET", .target = "/", .segments = {""}});
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("not built"));
}

std::string Unzip(const std::string& body) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(StaticFilesTest, TextGoesCompressedToWhoTakesIt) {
  std::string code;
  for (int i = 0; i < 2'000; ++i) code += "const value" + std::to_string(i) + " = " + std::to_string(i) + ";\n";
  Write("site/assets/big-1a2b.js", code);
  Write("site/assets/big-1a2b.png", code);
  ASSERT_TRUE(files_.Load((root_ / "site").string()).ok());
  HttpResponse plain = Get("/assets/big-1a2b.js");
  EXPECT_EQ(plain.body, code);
  EXPECT_EQ(HeaderOf(plain, "Content-Encoding"), "");
  EXPECT_EQ(HeaderOf(plain, "Vary"), "Accept-Encoding");
  for (const char* accepts : {"gzip", "deflate, gzip;q=0.5, br", "GZIP", "br;q=1.0,*", "gzip ; q=0.001"}) {
    HttpResponse packed = Get("/assets/big-1a2b.js", {{"accept-encoding", accepts}});
    EXPECT_EQ(HeaderOf(packed, "Content-Encoding"), "gzip") << accepts;
    EXPECT_EQ(HeaderOf(packed, "Vary"), "Accept-Encoding");
    EXPECT_THAT(HeaderOf(packed, "Cache-Control"), HasSubstr("immutable"));
    EXPECT_LT(packed.body.size() * 3, code.size());
    EXPECT_EQ(Unzip(packed.body), code);
    EXPECT_NE(HeaderOf(packed, "ETag"), HeaderOf(plain, "ETag"));
    // Each form has a tag of its own.
    for (const std::string& tag :
         {HeaderOf(packed, "ETag"), "\"x\", W/" + HeaderOf(packed, "ETag"), std::string("*")}) {
      HttpResponse same = Get("/assets/big-1a2b.js", {{"accept-encoding", accepts}, {"if-none-match", tag}});
      EXPECT_EQ(same.status, 304) << tag;
      EXPECT_TRUE(same.body.empty());
    }
    EXPECT_EQ(
        Get("/assets/big-1a2b.js", {{"accept-encoding", accepts}, {"if-none-match", HeaderOf(plain, "ETag")}}).status,
        200);
  }
  for (const char* accepts :
       {"", "br", "gzip;q=0", "gzip; q=0", "gzip ;Q=0.0", "gzip;q=0.000, *", "*;q=0", "identity", "gzipped"}) {
    EXPECT_EQ(Get("/assets/big-1a2b.js", {{"accept-encoding", accepts}}).body, code) << accepts;
  }
  // What is compressed already, and what is tiny, goes as it is.
  EXPECT_EQ(Get("/assets/big-1a2b.png", {{"accept-encoding", "gzip"}}).body, code);
  EXPECT_EQ(Get("/assets/app-1a2b.js", {{"accept-encoding", "gzip"}}).body, "code");
}

}  // namespace
}  // namespace ballast
