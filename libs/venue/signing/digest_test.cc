#include "libs/venue/signing/digest.h"

#include <gtest/gtest.h>

#include "libs/venue/signing/encoding.h"

namespace ballast::signing {
namespace {

TEST(DigestTest, Sha256OfThePublishedVectors) {
  // FIPS 180-4, examples.
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, HmacOfRfc4231) {
  Secret first(std::string(20, '\x0b'));
  EXPECT_EQ(Hex(HmacSha256(first, "Hi There")), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha512(first, "Hi There")),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
  Secret second("Jefe");
  EXPECT_EQ(Hex(HmacSha256(second, "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha512(second, "what do ya want for nothing?")),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
  // A key longer than a block.
  Secret sixth(std::string(131, '\xaa'));
  EXPECT_EQ(Hex(HmacSha256(sixth, "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(DigestTest, NothingIsAMessageToo) {
  EXPECT_EQ(Hex(HmacSha256(Secret(), "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace
}  // namespace ballast::signing
