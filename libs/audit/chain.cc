#include "libs/audit/chain.h"

namespace ballast::audit {
namespace {

constexpr std::string_view kTag = "ballast.audit.record.1";

void AppendNumber(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
}

void AppendText(std::string& out, std::string_view text) {
  AppendNumber(out, text.size());
  out += text;
}

}  // namespace

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

namespace {

void AppendCanonicalBytes(std::string& bytes, const Record& record) {
  bytes.reserve(bytes.size() + kTag.size() + 8 * 9 + record.actor.size() + record.action.size() +
                record.subject.size() + record.detail.size() + record.request_id.size() + record.account_id.size());
  AppendText(bytes, kTag);
  AppendNumber(bytes, record.sequence);
  AppendNumber(bytes, static_cast<std::uint64_t>(record.time.nanos));
  AppendText(bytes, record.actor);
  AppendText(bytes, record.action);
  AppendText(bytes, record.subject);
  AppendText(bytes, record.detail);
  AppendText(bytes, record.request_id);
  AppendText(bytes, record.account_id);
}

}  // namespace

std::string CanonicalBytes(const Record& record) {
  std::string bytes;
  AppendCanonicalBytes(bytes, record);
  return bytes;
}

std::string HashOf(const Record& record, HashFunction hash) {
  std::string bytes;
  bytes.reserve(1'024);
  bytes += record.previous_hash;
  AppendCanonicalBytes(bytes, record);
  return hash(bytes);
}

void Link(Record& record, Head& head, HashFunction hash) {
  record.sequence = head.sequence + 1;
  record.previous_hash = head.hash;
  record.hash = HashOf(record, hash);
  head = {.sequence = record.sequence, .hash = record.hash, .time = record.time};
}

std::optional<Break> Verifier::Next(const Record& record) {
  if (broken_) return std::nullopt;
  std::uint64_t expected = head_.sequence + 1;
  if (record.sequence > expected) {
    broken_ = Break{expected, "record " + std::to_string(expected) + " is missing; the next one is " +
                                  std::to_string(record.sequence)};
  } else if (record.sequence < expected) {
    broken_ = Break{record.sequence, "record " + std::to_string(record.sequence) + " comes after record " +
                                         std::to_string(head_.sequence)};
  } else if (record.previous_hash != head_.hash) {
    broken_ = Break{record.sequence, "the previous hash is not the hash of record " + std::to_string(head_.sequence)};
  } else if (record.hash != HashOf(record, hash_)) {
    broken_ = Break{record.sequence, "the hash does not fit the content"};
  } else {
    ++records_;
    head_ = {.sequence = record.sequence, .hash = record.hash, .time = record.time};
    return std::nullopt;
  }
  return broken_;
}

std::optional<Break> Verifier::Finish(const Head& expected) {
  if (broken_) return std::nullopt;
  if (head_.sequence < expected.sequence) {
    broken_ = Break{head_.sequence + 1, "the chain ends at record " + std::to_string(head_.sequence) + ", but it had " +
                                            std::to_string(expected.sequence)};
  } else if (head_.sequence > expected.sequence) {
    broken_ = Break{expected.sequence + 1,
                    "record " + std::to_string(expected.sequence + 1) + " was not written by this service"};
  } else if (head_.hash != expected.hash) {
    broken_ = Break{head_.sequence, "the last hash is not the one that was written"};
  }
  return broken_;
}

}  // namespace ballast::audit
