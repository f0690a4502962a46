#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "libs/platform/http/http.h"

namespace ballast {

// The dashboard's files, read once at the start: what is served is a look-up in a table, so no path of a request ever
// reaches the file system. Immutable after Load.
class StaticFiles {
 public:
  // No folder, one that cannot be read (the error says why), or one without index.html: a page that says how to build
  // the dashboard.
  absl::Status Load(const std::string& root);
  [[nodiscard]] bool has_dashboard() const { return has_dashboard_; }
  // GET and HEAD. Unknown paths without an extension get index.html: the page has addresses of its own. 404 with an
  // empty body for other unknown ones (the caller gives it its shape).
  [[nodiscard]] HttpResponse Serve(const HttpRequest& request) const;

 private:
  struct File {
    std::string body;
    // The body compressed; empty when that would be no gain.
    std::string gzip;
    std::string type;
    std::string etag;
    std::string gzip_etag;
    bool immutable = false;
  };
  absl::Status ReadFolder(const std::string& root);
  void Add(const std::string& name, std::string body);

  std::map<std::string, File> files_;
  bool has_dashboard_ = false;
};

}  // namespace ballast
