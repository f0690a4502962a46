#pragma once

#include <string>
#include <string_view>

namespace ballast::signing {

// Bytes as OpenSSL takes them.
inline const unsigned char* Raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
inline unsigned char* Raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace ballast::signing
