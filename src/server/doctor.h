#pragma once
// Doctor: what stands in the way of a server with these settings on this machine, and what to do.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/certificate.h"
#include "base/result.h"
#include "base/time.h"
#include "server/config.h"
#include "store/database.h"

namespace parley {

/// How a check came out. A server with problems does not do what its settings say; one with
/// warnings does, until it is busy or something ends.
enum class Finding : std::uint8_t { ok, warning, problem };

/// What one check has found.
struct Diagnosis {
  std::string_view check;
  Finding finding = Finding::ok;
  std::string says;    ///< how it is, one sentence without its full stop
  std::string remedy;  ///< a command to type, or what to change; empty when all is well
};

/// A process that was found where a server wants to be.
struct Holder {
  int pid = 0;
  std::string program;

  /// Whether it is a server of ours, and so what the settings ask for.
  [[nodiscard]] bool is_relay() const;
};

enum class PortState : std::uint8_t { free, taken, forbidden, unusable };

/// One port that the settings name.
struct PortFacts {
  std::string_view check;  ///< "tcp port", "udp port", "ops port"
  bool is_udp = false;
  std::string host;
  std::uint16_t port = 0;  ///< 0 = any free one
  PortState state = PortState::free;
  std::optional<Holder> holder{};  ///< who has it, if it is taken and we may know
  std::string why{};               ///< of one that is unusable
};

/// What the kernel grants a UDP socket that asks for `asked` bytes each way.
struct UdpBufferFacts {
  std::size_t asked = 0;
  std::size_t receive = 0;
  std::size_t send = 0;
};

/// What NATS says of itself.
struct NatsFacts {
  std::string server;  ///< without secrets
  std::size_t payload_bytes_max = 0;
};

struct DatabaseFacts {
  std::string name;  ///< without its password
  SchemaStatus schema;
};

/// What was found on the machine and around it. An absent Result was not asked for by the settings.
struct MachineFacts {
  UnixMillis now;
  std::optional<UnixMillis> built;
  /// Something sets the clock right; nothing when the kernel does not say.
  std::optional<bool> clock_is_kept;
  /// How many descriptors a server may have: of the running one, or of who asks.
  std::uint64_t descriptors_max = 0;
  std::optional<Holder> running;
  UdpBufferFacts udp_buffers;
  std::vector<PortFacts> ports;
  std::optional<Result<Certificate>> certificate;
  std::optional<Result<NatsFacts>> nats;
  std::optional<Result<DatabaseFacts>> database;
};

/// Judges what was found: one diagnosis for each check, in the order in which people read them.
[[nodiscard]] std::vector<Diagnosis> diagnose(const LoadedConfig& loaded,
                                              const MachineFacts& facts);

/// Whether there are no problems; warnings are none.
[[nodiscard]] bool is_content(const std::vector<Diagnosis>& diagnoses);

/// One line for each check, and one that says how many are not well.
[[nodiscard]] std::string diagnoses_text(const std::vector<Diagnosis>& diagnoses);
/// One JSON document: {"content":…,"checks":[{"check":…,"finding":…,"says":…,"remedy":…}]}.
[[nodiscard]] std::string diagnoses_json(const std::vector<Diagnosis>& diagnoses);

}  // namespace parley
