#pragma once
// Who and where: identifiers that do not mix, and what a valid one is.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace parley {

/// A participant's number on the wire (PacketWrapper.session_id). Zero is "nobody".
struct SessionId {
  std::uint64_t value = 0;
  friend auto operator<=>(SessionId, SessionId) = default;
  explicit operator bool() const { return value != 0; }
};

/// One connection of this process, on whichever shard. Never on the wire: a session that resumes
/// keeps its SessionId and gets a new ConnectionId. The shard's number is in the upper 16 bits.
struct ConnectionId {
  std::uint64_t value = 0;
  friend auto operator<=>(ConnectionId, ConnectionId) = default;
  explicit operator bool() const { return value != 0; }
};

/// The user name under which the server itself speaks; nobody may join with it.
inline constexpr std::string_view system_user_id = "system-&^%$#@!";

/// The longest room, user and display name, in bytes.
inline constexpr std::size_t id_bytes_max = 255;

/// True for a name that may become part of a bus subject: 1–255 of [A-Za-z0-9_-].
inline bool is_plain_id(std::string_view id) {
  if (id.empty() || id.size() > id_bytes_max) return false;
  for (const char c : id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (!plain) return false;
  }
  return true;
}

/// A room's name; always a plain id (see is_plain_id).
struct RoomId {
  std::string value;
  friend auto operator<=>(const RoomId&, const RoomId&) = default;
};

/// Participants are seen by the room and counted; observers listen to its events only.
enum class Role : std::uint8_t { participant, observer };

/// SHA-256 of the secret with which a client may resume its session. The secret itself is not kept.
struct ResumeKey {
  std::array<std::uint8_t, 32> sha256{};

  /// Compares in constant time, whatever the bytes are.
  friend bool operator==(const ResumeKey& a, const ResumeKey& b) {
    std::uint8_t difference = 0;
    for (std::size_t i = 0; i < a.sha256.size(); ++i)
      difference |= static_cast<std::uint8_t>(a.sha256[i] ^ b.sha256[i]);
    return difference == 0;
  }
};

/// Who a connection says it is, after the endpoint has checked it.
struct Identity {
  RoomId room;
  std::string user_id;
  std::string display_name;
  Role role = Role::participant;
  bool is_host = false;
};

}  // namespace parley

template <>
struct std::hash<parley::SessionId> {
  std::size_t operator()(parley::SessionId id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};

template <>
struct std::hash<parley::ConnectionId> {
  std::size_t operator()(parley::ConnectionId id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};

template <>
struct std::hash<parley::RoomId> {
  std::size_t operator()(const parley::RoomId& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
