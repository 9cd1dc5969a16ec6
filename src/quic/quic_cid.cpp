#include "quic/quic_cid.h"

#include <gnutls/crypto.h>

#include <algorithm>

namespace parley {

void fill_random(MutableBytes out) {
  check(gnutls_rnd(GNUTLS_RND_KEY, out.data(), out.size()) == 0, "no random numbers");
}

Cid Cid::copy_of(Bytes bytes) {
  check(bytes.size() <= bytes_max, "a connection id is too long");
  Cid cid;
  std::ranges::copy(bytes, cid.data.begin());
  cid.length = static_cast<std::uint8_t>(bytes.size());
  return cid;
}

CidMaker::CidMaker(std::size_t shard, std::size_t shards) : shard_(shard), shards_(shards) {
  check(shards <= 256 && shard < shards, "a byte cannot name this shard");
}

Cid CidMaker::make() const {
  Cid cid;
  cid.length = Cid::our_bytes;
  fill_random(MutableBytes(cid.data).first(Cid::our_bytes));
  const std::size_t rounds = (256 - shard_ + shards_ - 1) / shards_;
  cid.data[0] = static_cast<std::uint8_t>(shard_ + shards_ * (cid.data[0] % rounds));
  return cid;
}

bool CidMaker::is_foreign(Bytes cid) const {
  return cid.size() == Cid::our_bytes && cid[0] % shards_ != shard_;
}

CidHash::CidHash() {
  fill_random({reinterpret_cast<std::uint8_t*>(secret_.data()), sizeof secret_});
}

std::size_t CidHash::operator()(const Cid& cid) const noexcept {
  std::array<std::uint64_t, 3> words{};
  std::memcpy(words.data(), cid.data.data(), cid.data.size());
  // Unused bytes are zero and the length counts, so that equal means equal.
  __extension__ using Wide = unsigned __int128;
  const Wide a = static_cast<Wide>(words[0] ^ secret_[0]) * (words[1] ^ secret_[1]);
  const Wide b = static_cast<Wide>(words[2] ^ secret_[2]) * ((cid.length ^ secret_[3]) | 1);
  return static_cast<std::size_t>(a ^ (a >> 64) ^ b ^ (b >> 64));
}

}  // namespace parley
