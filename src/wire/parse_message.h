#pragma once
// How the protobuf messages of strangers are parsed. Only for .cpp files of this folder.

#include <google/protobuf/stubs/logging.h>

#include <limits>

#include "base/bytes.h"

namespace parley {

/// False if `bytes` are no such message. The library would write a line to stderr for each text
/// that is not UTF-8, which would give everybody a pen for our log.
template <class Message>
[[nodiscard]] bool parse_message(Bytes bytes, Message& message) {
  if (bytes.size() > std::numeric_limits<int>::max()) return false;
  const google::protobuf::LogSilencer silencer;
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace parley
