#pragma once

#include <string>
#include <vector>

namespace ballast::rules {

// One thing that is wrong with a text, and where.
struct Problem {
  // JSON pointer (RFC 6901) of the value: "/indicators/fast/periods"; empty: the whole text.
  std::string pointer;
  // Of text that is no JSON: counted from 1, the column in bytes. Otherwise 0.
  int line = 0;
  int column = 0;
  // Printable ASCII.
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

// "line 3, column 7: …" or "/long/above: …".
std::string ToString(const Problem& problem);
// One a line.
std::string ToString(const std::vector<Problem>& problems);

// What somebody wrote, fit for a message: printable, 40 bytes at most.
std::string Quoted(const std::string& text);
// `pointer` with one more step.
std::string Below(const std::string& pointer, const std::string& key);

}  // namespace ballast::rules
