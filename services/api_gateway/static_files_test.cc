#include "services/api_gateway/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ballast
