#pragma once
// Cid: a connection id, and who it leads to.

#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace parley {

/// At most 20 bytes (RFC 9000 §17.2). Those we choose have 8, and name the shard in the first.
struct Cid {
  static constexpr std::size_t bytes_max = 20;
  static constexpr std::size_t our_bytes = 8;

  std::array<std::uint8_t, bytes_max> data{};
  std::uint8_t length = 0;

  /// `bytes` is at most bytes_max long.
  static Cid copy_of(Bytes bytes);
  [[nodiscard]] Bytes bytes() const { return Bytes(data).first(length); }
  friend bool operator==(const Cid&, const Cid&) = default;
};

/// Chooses connection ids for a shard: the first byte modulo the shards is the shard, all else is
/// random.
class CidMaker {
 public:
  CidMaker(std::size_t shard, std::size_t shards);
  [[nodiscard]] Cid make() const;
  /// True for an id that one of our shards, but not this one, has chosen.
  [[nodiscard]] bool is_foreign(Bytes cid) const;

 private:
  std::size_t shard_;
  std::size_t shards_;
};

/// Hashes with a secret of its own: clients choose the first id of a connection, and must not be
/// able to choose ones that collide.
class CidHash {
 public:
  CidHash();
  std::size_t operator()(const Cid& cid) const noexcept;

 private:
  std::array<std::uint64_t, 4> secret_{};
};

/// Fills `out` with what nobody can guess.
void fill_random(MutableBytes out);

}  // namespace parley
