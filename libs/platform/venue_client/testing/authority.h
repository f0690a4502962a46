#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace ballast::testing {

// An authority that lives as long as a test, and certificates of it.
class Authority {
 public:
  Authority() : key_(NewKey()), certificate_(Certify(*this, key_.get(), "Test authority", "", true)) {}

  struct Issued {
    std::string certificate_pem;
    std::string key_pem;
  };
  // `names` as OpenSSL says it: "DNS:localhost,IP:127.0.0.1".
  [[nodiscard]] Issued Issue(const std::string& names) const {
    Key key = NewKey();
    Certificate issued = Certify(*this, key.get(), "server", names, false);
    return {.certificate_pem = Pem([&](BIO* bio) { PEM_write_bio_X509(bio, issued.get()); }),
            .key_pem = Pem(
                [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
  }
  [[nodiscard]] std::string Pem() const {
    return Pem([&](BIO* bio) { PEM_write_bio_X509(bio, certificate_.get()); });
  }

 private:
  template <auto free>
  struct Freed {
    template <typename T>
    void operator()(T* each) const {
      free(each);
    }
  };
  using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
  using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;

  static Key NewKey() { return Key(EVP_EC_gen("P-256")); }

  template <typename Write>
  static std::string Pem(Write write) {
    std::unique_ptr<BIO, Freed<&BIO_free>> bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
  }

  static Certificate Certify(const Authority& by, EVP_PKEY* key, const char* name, const std::string& names,
                             bool root) {
    constexpr long kDay = 86'400;
    Certificate made(X509_new());
    X509* cert = made.get();
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), root ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(cert), kDay);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509* issuer = root ? cert : by.certificate_.get();
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
    auto extend = [&](int kind, const std::string& value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
      X509_add_ext(cert, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, root ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!names.empty()) extend(NID_subject_alt_name, names);
    X509_sign(cert, root ? key : by.key_.get(), EVP_sha256());
    return made;
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace ballast::testing
