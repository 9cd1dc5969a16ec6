#include "chat/room_record.h"

#include <algorithm>
#include <utility>

namespace parley {

void RoomRecord::ask(const JoinNote& note) {
  ++starts_asked_;
  waiting_.push_back(note);
  record_.start(room_, note.from, note.identity);
}

std::optional<JoinNote> RoomRecord::answered(const RecordedNote& note) {
  --starts_asked_;
  const auto place = std::ranges::find(waiting_, note.from, &JoinNote::from);
  if (note.answer) meeting_ = *note.answer;
  if (note.answer) held_.insert(note.user_id);
  if (place == waiting_.end()) return std::nullopt;
  JoinNote asked = std::move(*place);
  waiting_.erase(place);
  return asked;
}

void RoomRecord::forget(ConnectionAt from) {
  std::erase_if(waiting_, [from](const JoinNote& note) { return note.from == from; });
}

void RoomRecord::settle(Users here, bool everywhere) {
  for (const JoinNote& note : waiting_) here.insert(note.identity.user_id);
  std::erase_if(held_, [&](const std::string& user_id) {
    if (here.contains(user_id)) return false;
    ++ends_asked_;
    record_.end(room_, user_id, everywhere);
    return true;
  });
}

void RoomRecord::release() { settle({}, /*everywhere=*/false); }

void RoomRecord::end_written(Ending ending) {
  --ends_asked_;
  if (ending == Ending::host_ended) held_.clear();  // everybody has left
}

}  // namespace parley
