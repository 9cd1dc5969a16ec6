#pragma once
// A record of each kind, and what a test can see in it and do to it from outside.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "chat/session_store.h"

namespace parley {

/// What is written of one room.
struct WrittenMeeting {
  std::optional<std::uint64_t> started_at;  ///< none: no such meeting
  std::optional<std::uint64_t> ended_at;
  std::string creator_id;
  std::vector<std::string> present;  ///< by name

  [[nodiscard]] bool is_running() const { return started_at && !ended_at; }
};

class TestRecord {
 public:
  virtual ~TestRecord() = default;

  /// One more connection to the same record. What is in memory has only one.
  virtual std::shared_ptr<SessionStore> connect() = 0;
  virtual WrittenMeeting written(const std::string& room) = 0;
  /// The process of that name was last seen `time` earlier than it was, and has lived so long.
  virtual void age_instance(const std::string& instance, Millis time) = 0;
  /// So has every participant been there.
  virtual void age_participants(Millis time) = 0;
};

std::unique_ptr<TestRecord> memory_record();
std::unique_ptr<TestRecord> sqlite_record();
std::unique_ptr<TestRecord> postgres_record();

/// 2026-02-02 and so many seconds.
inline UnixMillis at_second(std::uint64_t second) { return {1'770'000'000'000 + second * 1000}; }

/// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace parley
