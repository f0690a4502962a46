#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "libs/base/absl_std.h"
#include "libs/base/secret.h"

namespace ballast::signing::testing {

// Keys that are published as examples, or were made for these tests: they open nothing. In base64 of their DER.

// PKCS#8; binance-spot-api-docs, fix-api.md, example of a Logon.
inline constexpr char kEd25519OfFix[] = "MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u";
// PKCS#8; python-binance (MIT), tests/test_cryptography.py.
inline constexpr char kEd25519OfClient[] = "MC4CAQAwBQYDK2VwBCIEIPQmzwVKJETqVd7L9E/DFbkvrOigy1tLL+9QF0mSn6dV";
// PKCS#8, encrypted with kRsaPassword; the same place.
inline constexpr char kRsaEncrypted[] =
    "MIIFNTBfBgkqhkiG9w0BBQ0wUjAxBgkqhkiG9w0BBQwwJAQQWW+iEMYYCPUntrPqZ2RCMAICCAAwDAYIKoZIhvcNAgkFADAdBglg"
    "hkgBZQMEASoEEIw3ViSuTp8JeN435VGlHt0EggTQBvEzd2w2F561CzU+MDouZDOPj4RTIStC471z0/bxTgYqH3gYchoeOfi2lsLu"
    "D8B+ivIRuXB8GT66BIseIOMV8t/tiMe97rFI/cV4h6DrBO1xlmSrBG97vFF9qPA5yPRlrHtWKkGxhXteNVsT3w/7Y7KsulO/gA2K"
    "psOElMElOhUP462Yd0WlOxAIV3+knl2niozws2Kq3EdzTF3N6hlavUPryiU/w4RRsPN5qgjchVVLq/sYRYhxN8uWJbkjhCcHsULk"
    "D5KkdgddR0VOhpQPXIdY+gPkSBJq1ltRWy/TYdXiU2fEBNZWhFUVrxnS76+u2R3vukY2IAX8zTC6h2AbCBG+r4XXzgk/l/4peySK"
    "HsPQRzQ0in39a9o5sctOmUNeD4uJ6cClXDdqyEwXhnPmRKZjJ8qeH4D9wl7HOG7iQsYiyfJe/igiFEXVRZOtLBdbwX45rU6wiWWj"
    "xzY+mDnw4BXE31ZBPwgtoh+CLTyK8NI8LnCV/CgOzOY4sm/KDWmbfTTZjLSdYRFj7wEpOdUWjZ13viDFZqnmy/o1auvLmBcqbRrC"
    "yW+BOMI7aHE0mZ/52vEFQYU1tH0BxMmRfWXUCJj0TjwxDY6BQmmW4YlhsrgGNekLFDo16phFd0pA4UPqGXfNLzHp1dtLhUEb4Yzc"
    "pDn+HMzMf1gfez7qeqU28nNFg/AwwqHZTWdGclCFjiah7SfvOslob4vdLGwkUhgCBKQUQoU1DltX2GOgIv9SNY3q6X0NwdZGL5gq"
    "k225WVUwIRzmi5nfUEXlbaTvyHg3BuGedUKJ91IhRCW1ZjvU8GQcfVsu8bseTCKMdr7wi/zEZXSldCza6vL4m3tmBLtWkHVOW8bc"
    "DWvoVwRswbFHfleHzckl7EeC9C4TRa66gA5UOv14SrpC8noQUNpSegg+1KI4BSNvwaheiSUqjQbisb0qYCxML0ZPmQodwVsXG6LY"
    "o+Y6y6CpHbT7UYkfa59q/CGOZByL1bEzzgd98ZHwjihOjHVaV6sYBW018AvGxr7kjEU4LNqIteydTp0o31ZJN/qK78w5EQFfJxfI"
    "mrx/E4nYKtg4higjKOQCgJALKIveidqQEFsbGWsulYrMXwnu0nPThofR1D8eCJZpdTxvOh2nIrNrAeY8ZMAwG1uQos5A0yEZ1auH"
    "xz+rb4errnk92OnVlWnElf1TwwlkFFNLdNDl8VpiMP406en9VtlOfgH8AwB03WsoeuEQsxYTIcRKWZZPRsLx3hd0BsOw0FcYDSX2"
    "XIGPkVVWiYf9hzFSQsWV3d6utloIm4nG8XONfNaRimGECbUSZyHZimrO1m4Gga5pE3LKuDriJKR2lR7b6XPR7+FS+lG1zq5KY7on"
    "AVQY1oABfTjpJRju6pQGWt70hairo6EaVC3urBy8UkLwBbfDuigSvsVk+sF2+Ic0IzX6IniU0F5kMe+MKqGB4aicXP6FFGBpPFTe"
    "v6yHD+DYAu1rnlXrqmFL50CfutTF78uPPJ9D2Sm0DcGPFj+6IrCigj48uxoHR9QbFeNzfsmVwoFAWWq/MpkPbX6Aql8ddCbpMxDU"
    "UkybwVV9rJmEMTLil44FrxKAKFhP0Av7JeFvdz15pfnf/IQ3IOvVhHGFChFS13sbYSvFHMQF3P0BiyvjhBI=";
inline constexpr char kRsaPassword[] = "testpwd";
// The same key without encryption.
inline constexpr char kRsa[] =
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCHaszglOHdEQZnt3ufMUa+D0LICBxJ/BGHfRwniogWApHymhBa"
    "LmYxfOzY8Ltr1Ns7EWa/sVXUZ2KJvW0TbXohdB9YJ9j5YPR0UUL4ZgzplT9sEeZOGluFAhCvBIA1zxP9tewXfV+WoJixQmIUsU8Y"
    "/TxuPj5gpMCCIaiavQi8If24qv/KBtSron7rRd5TuF+BC9NcqtY9schn+mRDahLU+y4dMrn88Hd2nPbih6an44t6HR0YG9df0LYt"
    "6iVEZdyCAnjj0X5+aXTgNVzOJ7II1+gcL3UGDKkqacWuN9K6aMMNTmxbn8WcAwIAO1rTpuyjhXE4u7nfsSpc2zWcoywlAgMBAAEC"
    "ggEADfEa+CGb7MIB93pWie9C1J0xnPKTfF0tWNZdUweE4e87I3plJe5nqxSs4IZNutkGsTAmH0+crJTwT4oRyXxDT1/AkmJCiSTy"
    "8L7PtvnwE7m/9oUT7FqeWDVRjmis4ogCtjjyqQB0Gkfyhd11x6JG/dBPVnJQwxZzPh1FBJljECtcDdK0jHdhTvMCvALdZKiIwQG+"
    "+y68IVsOgmdTJnXYyrcEp9pNFw9+C8wwkVjfWfWbp+Rm7kKBxUzcZ3xAg1XgIhvKuw1CRBawe5yUKB3/ueYa5r0qSczFYCbLz7i3"
    "0NwPLjdxC445PDIeBQjzSU7kkOv3j+IQ9Z+33e1ZdE1gCQKBgQC6f8vq+IZGia0rX5PIh5AhlcTYkP0uoYAjPWPMB2MjKwW/u8EH"
    "QudsOTdUHxUa0VQujxJZMAG2vIYQ6fiXpbhLbF0QChKiWJeqioEqR48cMleldlE1sYarSI5j7ZMdOJNhmiEi7TpuJM6JCdHT3Ykf"
    "C9hrbc1AnsshkxnxUEHtBwKBgQC54bryjRwsDjeIWJEF9M6sSz+yClEhWLCgOq52umiMcJLvZbUyfD7T0ovkRF3axjWCGAmr9BZi"
    "ATWWQMHF46PMUtXD2fk9LL00Z/n3g44LLi0dNMbCy/jIGP3B+fB7X1ZaW2111bldCil8nJtx+5+qvpVA1Z6jqG0fkOyEgfI+cwKB"
    "gGUFzMPfE30qHq+b+kVpiV1n71UQVNTpjquIGYLvjXgDWf3eClWQnCM3aw0aOShps5v0zA+bvZHq1QRceNhMYGQast55VlayfpVW"
    "qVjpok+3xVpPmPXoz/YAO4FNs57kgpEgGEr/DeOT9Hyu4QZOvnQeyoCG3ePfIFFziV36B3wJAoGABS0dCJ4XV765mylkOHc9vhyG"
    "VI3m/ne6y2t26kV8ndSQsuvxJMvC8CEf1iZ1Op9kZBAJTOmKKgaAmIOLIdiZ+hmgbEjIoQR67Fes5VCbhwItLXAHzOrjLadMgbdV"
    "FApunCuJm8ts0wNybk7qIT1xj86o11pbhZEuIL/nZjU8KrMCgYAj0cIxR4I4XabcpmwaHmsLr4hXow8+HUEBg9TcU1Rlja9/mrRy"
    "/HZZ4+qBwW6z7xwQZ0RnkjmtkKWRb6TVnF6zXoNV+qUU1r+RGlgn17xPLWmfsOfvWV8hG3MGuDzClMaTZ5l/kWB/+7ZI/RiN36vU"
    "H85tz89CnQc921FHX8zz7g==";
// PKCS#8 of an RSA key of 1024 bits; made for these tests.
inline constexpr char kRsaShort[] =
    "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAOGusXPsKZYpJNRCWXFOKz9oHf85xzeiwlIFrtTsc7ajgYw55jpS"
    "WjmrkDevNB6Ow5KjBSA7Izfsqqm+kgLpNp3A6zJuAXRtGtARN+pRQy+fnzkmA2BGKMjKMLCOrlc+poBJa5abWPDZvrvMgEKLPENY"
    "HZHPMaRXzI8TeinLKrgLAgMBAAECgYApAnqiiwafj8hufcQND9xSAFR7HX+y/3N6Pigf7vuz85BF7/uDG5XjpuZlCARbjSvCyLbU"
    "vYpPzkTQ5Z1YxBI1TvgTGxV2sI5cnh0kmNtWSZutymGu6//27RDcDmG6wVV1OppW+PVhjfE1938KrAqXAAWs/uGWvCAPzWNTsS0O"
    "2QJBAPt9OnzynnUbiUY3I/ieV2q3+4QhBC0mDINdtec/l2Nu2MjLcjRUNej1tRyZPkekhY7FiPg4oiEp+gtETmw40+UCQQDluveC"
    "H+MlRHKzJbCzDxkP86g1v1XvX+x4hz6vTgzw3BFZYetdvvasBgNiCt5zPphZI9HMD70Q2VA77YUd4X0vAkEA3G/vJXhw5otlbzOE"
    "BzebvkJYZ3+dLonsa/VnLbSy2QhfYtnZV/78Zh+BSfkU+y09mGCTZ6gUjOdDcj7EUt4Y9QJALAmqNpyMO3Gilyrrc3e6cy9fGGaE"
    "P63gs74hSxOoMWfOP5cgukjIGnPQpDO3LtpZ9ASEzBxcPuWZltNSSEcYawJBANtiCWafN4jumf37hHh5tw1n56Yjw1cwE/cnkp5o"
    "LELwgt/+N5Lexor5xhOW/8SpK1BBLX/FXqA4vFf9XMaLAMs=";
// PKCS#8 of a P-384 key; made for these tests.
inline constexpr char kP384[] =
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBgYR0i9uNCbg9FleTWxIxfgpgZBnndWmWWE+IQYosLQZUTp1hzau01"
    "rFFIQd47VHihZANiAARKD+q38z2NDv2cw6obrby/XnDugk7iRtBEtiXth9uVPXTH8wJkdTruYzQAde+lzIcc0P9lqyLJR8pp+Fnd"
    "ccNydiqu4U46ayyOIfpZdVMxTzcVh2ysahl9JDlrOx23uGY=";
// SEC1 as kP256, with the public half of another key; made for these tests.
inline constexpr char kP256Mixed[] =
    "MHcCAQEEIKwf3Uox30cRWzRBOPoPOH5p0Gpb0Dt8zUKXUEM5fMkGoAoGCCqGSM49AwEHoUQDQgAEpWfqeie5siSI58nfVmLIlFhF"
    "06Kv/MGTWa8WsZ4O0dCxgsrneT5fW9RDDN8AXeyn6j607HrgvbDWLBPjlNyvjw==";
// SEC1; coinbase-advanced-py (Apache-2.0), tests/constants.py.
inline constexpr char kP256[] =
    "MHcCAQEEIKwf3Uox30cRWzRBOPoPOH5p0Gpb0Dt8zUKXUEM5fMkGoAoGCCqGSM49AwEHoUQDQgAEbAtpLlSZYVOwYICz+uEyxcS2"
    "9vRIujiES/gQ1DC7FV4zK4JuYE9vqDyGZQYjdXHLM7I6f/QnnOITL+dXYWBHRA==";
// The same key as PKCS#8.
inline constexpr char kP256Pkcs8[] =
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrB/dSjHfRxFbNEE4+g84fmnQalvQO3zNQpdQQzl8yQahRANCAARs"
    "C2kuVJlhU7BggLP64TLFxLb29Ei6OIRL+BDUMLsVXjMrgm5gT2+oPIZlBiN1ccszsjp/9Cec4hMv51dhYEdE";
// The name it has there.
inline constexpr char kCoinbaseName[] = "organizations/test-organization/apiKeys/test-api-key";
// Seed and public key, 64 bytes; the same place.
inline constexpr char kEd25519SeedAndPublic[] =
    "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA==";
// The same key as PKCS#8.
inline constexpr char kEd25519OfCoinbase[] = "MC4CAQAwBQYDK2VwBCIEIJNAVJ4tKdL2RtQXaVY0uqIASe5MZut9ACdnTfrbqbrQ";

// What python-binance's keys sign in its test.
inline constexpr char kClientPayload[] =
    "price=50000&quantity=1&side=BUY&symbol=BTCUSDT&timestamp=1631234567890&type=LIMIT";
inline constexpr char kEd25519ClientSignature[] =
    "a4Pm3p02D2HXtNfo3DBaVCe9Ov7kledewgYtGjekotFmZ5wXa3mC5AtLB7CpAphyNjeyovIuDP+9fyjYmsojCw==";
// By kRsa.
inline constexpr char kRsaClientSignature[] =
    "S4l9IONXGHIdt4NjwmpCIhawDTitjUQls73d+mi0HJTSbTGyn95NabX5hC9+n6HsTqLcWPvxKgTvLFMnTaf6Jxl+xwQMbu9/6mw8"
    "8KF7i1pEQizerKcr91rPUPVBQ4OY10Q018QEamIAymRgo/eoRYSm7CqCdeibGyO0XfXZBaJnVGFJ9hgrPIwSKHgeUnfK8qMenULv"
    "L0qKMEJ6ziYPiqh7k9xX3xIV7lGIpokk+ekqlFd01f/Lov45osJCFuccJO4xuUUZewZnVGF7Uw6Rim3UsKhXKZUN9WZWa5RT+dpB"
    "IJ5DTBIXBSvowwj3GZC3j+XvWw8Sn0Ls9836l89BXw==";

// PEM of `der`, a base64 text: `label` "PRIVATE KEY"; `end` closes its lines.
inline Secret Pem(std::string_view label, std::string_view der, std::string_view end = "\n") {
  constexpr std::size_t kLine = 64;
  std::string text = absl::StrCat("-----BEGIN ", ToAbsl(label), "-----", ToAbsl(end));
  for (std::size_t at = 0; at < der.size(); at += kLine) {
    absl::StrAppend(&text, ToAbsl(der.substr(at, kLine)), ToAbsl(end));
  }
  return Secret(absl::StrCat(text, "-----END ", ToAbsl(label), "-----", ToAbsl(end)));
}

// Whether `message` repeats eight or more characters in a row of `secret`.
inline bool Tells(std::string_view message, const Secret& secret) {
  constexpr std::size_t kPiece = 8;
  const std::string& text = secret.Reveal();
  for (std::size_t at = 0; at + kPiece <= text.size(); ++at) {
    std::string piece = text.substr(at, kPiece);
    bool armour = piece.find("--") != std::string::npos || piece.find(' ') != std::string::npos;
    if (!armour && message.find(piece) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace ballast::signing::testing
