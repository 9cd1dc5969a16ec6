#include "webtransport/frame_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace parley {
namespace {

constexpr FrameKind video = FrameKind::video;
constexpr FrameKind screen = FrameKind::screen;
constexpr FrameKind unknown = FrameKind::unknown;
constexpr FrameKind other = FrameKind::other;

// One sender's streams and what has gone on, in its order. Streams are numbered 0, 1, 2, …
struct Sender {
  explicit Sender(FrameOrderRules some_rules = {}) : rules(some_rules) {}

  static StreamId id(int stream) { return 2 + 4 * stream; }

  void bytes(int stream, FrameKind kind) {
    order.on_bytes(id(stream), kind, now);
    take();
  }
  void finish(int stream, FrameKind kind) {
    const auto verdict = order.on_finished(id(stream), kind, now);
    if (verdict != FrameOrder::Verdict::held) gone.push_back(stream);
    take();
  }
  void reset(int stream) {
    order.on_gone(id(stream), now);
    take();
  }
  void pass(Duration duration) {
    const TimePoint until = now + duration;
    while (order.deadline() <= until) {
      now = std::max(now, order.deadline());
      order.on_deadline(now);
      ASSERT_GT(order.deadline(), now);
      take();
    }
    now = until;
  }
  void take() {
    while (const auto stream = order.next()) gone.push_back(static_cast<int>((*stream - 2) / 4));
  }

  FrameOrderRules rules;
  FrameOrder order{rules};
  TimePoint now{1000s};
  std::vector<int> gone;
};

using Streams = std::vector<int>;

TEST(FrameOrder, lets_frames_go_that_finish_in_order) {
  Sender sender;
  for (int i = 0; i < 5; ++i) {
    sender.bytes(i, video);
    sender.finish(i, video);
  }
  EXPECT_EQ(sender.gone, (Streams{0, 1, 2, 3, 4}));
  EXPECT_EQ(sender.order.deadline(), never);
}

TEST(FrameOrder, holds_deltas_until_their_keyframe_is_whole) {
  Sender sender;
  sender.bytes(0, video);
  sender.finish(1, video);
  sender.finish(2, video);
  EXPECT_EQ(sender.gone, Streams{});

  sender.finish(0, video);

  EXPECT_EQ(sender.gone, (Streams{0, 1, 2}));
  EXPECT_EQ(sender.order.deadline(), never);
}

TEST(FrameOrder, waits_as_long_as_bytes_keep_coming_but_for_a_second_at_most) {
  Sender sender;
  sender.bytes(0, video);
  sender.finish(1, video);
  for (int i = 0; i < 6; ++i) {
    sender.pass(150ms);
    sender.bytes(0, video);
    EXPECT_EQ(sender.gone, Streams{});
  }
  sender.pass(99ms);
  EXPECT_EQ(sender.gone, Streams{});
  sender.pass(1ms);
  EXPECT_EQ(sender.gone, Streams{1});
}

TEST(FrameOrder, gives_a_silent_stream_up) {
  Sender sender;
  sender.bytes(0, video);
  sender.pass(50ms);
  sender.finish(1, video);
  sender.pass(149ms);
  EXPECT_EQ(sender.gone, Streams{});
  sender.pass(1ms);
  EXPECT_EQ(sender.gone, Streams{1});

  sender.bytes(0, video);
  sender.finish(2, video);
  EXPECT_EQ(sender.gone, (Streams{1, 2})) << "what was overtaken is not waited for again";
  EXPECT_EQ(sender.order.on_finished(Sender::id(0), video, sender.now), FrameOrder::Verdict::late);
}

TEST(FrameOrder, does_not_wait_for_what_was_reset) {
  Sender sender;
  sender.bytes(0, video);
  sender.finish(1, video);
  sender.reset(0);
  EXPECT_EQ(sender.gone, Streams{1});
}

TEST(FrameOrder, lets_audio_and_control_go_at_once) {
  Sender sender;
  sender.bytes(0, video);
  sender.bytes(1, unknown);
  sender.finish(2, other);
  sender.finish(1, other);
  EXPECT_EQ(sender.gone, (Streams{2, 1}));
}

TEST(FrameOrder, keeps_video_and_screen_apart) {
  Sender sender;
  sender.bytes(0, screen);
  sender.finish(1, video);
  EXPECT_EQ(sender.gone, Streams{1});
  sender.finish(2, screen);
  EXPECT_EQ(sender.gone, Streams{1});
  sender.finish(0, screen);
  EXPECT_EQ(sender.gone, (Streams{1, 0, 2}));
}

TEST(FrameOrder, waits_for_a_stream_of_unknown_kind_until_that_shows) {
  Sender sender;
  sender.bytes(0, unknown);
  sender.finish(1, video);
  sender.finish(2, screen);
  EXPECT_EQ(sender.gone, Streams{});
  sender.bytes(0, screen);
  EXPECT_EQ(sender.gone, Streams{1});
  sender.bytes(0, screen);
  sender.finish(0, screen);
  EXPECT_EQ(sender.gone, (Streams{1, 0, 2}));
}

TEST(FrameOrder, waits_for_a_stream_that_must_exist_though_nothing_of_it_has_come) {
  Sender sender;
  sender.finish(0, video);
  sender.finish(2, video);
  EXPECT_EQ(sender.gone, Streams{0});
  sender.finish(1, video);
  EXPECT_EQ(sender.gone, (Streams{0, 1, 2}));

  sender.finish(4, video);
  sender.pass(199ms);
  EXPECT_EQ(sender.gone, (Streams{0, 1, 2}));
  sender.pass(1ms);
  EXPECT_EQ(sender.gone, (Streams{0, 1, 2, 4}));
  sender.finish(6, video);
  sender.reset(5);
  EXPECT_EQ(sender.gone, (Streams{0, 1, 2, 4, 6}));
}

TEST(FrameOrder, takes_those_before_along_when_a_frame_has_waited_long_enough) {
  Sender sender;
  sender.bytes(0, video);
  sender.bytes(1, video);
  sender.finish(2, video);
  for (int i = 0; i < 9; ++i) {
    sender.pass(100ms);
    sender.bytes(0, video);
  }
  sender.finish(1, video);
  EXPECT_EQ(sender.gone, Streams{});
  sender.pass(100ms);
  EXPECT_EQ(sender.gone, (Streams{1, 2}));
}

TEST(FrameOrder, can_be_told_not_to_wait) {
  Sender sender({.silence_max = 200ms, .wait_max = 0ms});
  sender.bytes(0, video);
  sender.finish(1, video);
  EXPECT_EQ(sender.gone, Streams{1});
}

TEST(FrameOrder, releases_everything_in_order) {
  Sender sender;
  sender.bytes(0, unknown);
  sender.finish(3, video);
  sender.finish(1, screen);
  sender.finish(2, video);
  sender.order.release_all();
  sender.take();
  EXPECT_EQ(sender.gone, (Streams{1, 2, 3}));
  EXPECT_EQ(sender.order.deadline(), never);
}

TEST(FrameOrder, holds_a_bounded_number_of_frames) {
  Sender sender;
  sender.bytes(0, video);
  for (int i = 1; i < 1000; ++i) sender.finish(i, video);
  EXPECT_GT(sender.gone.size(), 700u);
  EXPECT_TRUE(std::ranges::is_sorted(sender.gone));
}

TEST(FrameOrder, is_not_confused_by_streams_far_ahead) {
  Sender sender;
  sender.finish(1'000'000, video);
  sender.finish(2'000'000, video);
  EXPECT_EQ(sender.gone, Streams{});
  sender.pass(200ms);
  EXPECT_EQ(sender.gone, (Streams{1'000'000, 2'000'000}));
}

// Many streams with random lives, against the promise itself: looked up in all that happened, not
// in the state that FrameOrder keeps.
class Promise {
 public:
  explicit Promise(std::uint32_t seed) : random_(seed) {}

  void run() {
    for (int step = 0; step < 400; ++step) {
      if (below(3) == 0) begin();
      if (!open_.empty()) advance(open_[below(open_.size())]);
      pass(Millis(below(4) == 0 ? below(260) : below(30)));
      if (testing::Test::HasFailure()) return;
    }
    pass(2s);
    for (const auto& [stream, life] : lives_)
      EXPECT_TRUE(!life.finished_at || life.gone_at) << "a frame never goes: " << stream;
  }

 private:
  struct Life {
    FrameKind kind = video;
    bool has_shown = false;  // its kind
    std::optional<TimePoint> last_byte;
    std::optional<TimePoint> finished_at;
    std::optional<TimePoint> gone_at;
    bool is_reset = false;
  };

  std::size_t below(std::size_t limit) { return random_() % limit; }

  // Streams exist in the order of their ids, but may show themselves in any.
  void begin() {
    const FrameKind kinds[] = {video, video, video, screen, other};
    const int stream = static_cast<int>(lives_.size());
    lives_[stream].kind = kinds[below(5)];
    open_.push_back(stream);
  }

  void advance(int stream) {
    Life& life = lives_[stream];
    seen_ = std::max(seen_, stream);
    for (auto& [earlier, other_life] : lives_)
      if (earlier < seen_ && !other_life.last_byte) other_life.last_byte = now_;
    switch (below(6)) {
      case 0:
        life.is_reset = true;
        order_.on_gone(Sender::id(stream), now_);
        break;
      case 1:
      case 2: {
        life.finished_at = now_;
        const auto verdict = order_.on_finished(Sender::id(stream), life.kind, now_);
        if (verdict != FrameOrder::Verdict::held) went(stream);
        break;
      }
      default:
        life.last_byte = now_;
        life.has_shown = life.has_shown || below(2) == 0;
        order_.on_bytes(Sender::id(stream), life.has_shown ? life.kind : unknown, now_);
        take();
        expect_nobody_waits_in_vain();
        return;
    }
    std::erase(open_, stream);
    take();
    expect_nobody_waits_in_vain();
  }

  void pass(Duration duration) {
    const TimePoint until = now_ + duration;
    while (order_.deadline() <= until) {
      now_ = std::max(now_, order_.deadline());
      order_.on_deadline(now_);
      take();
      expect_nobody_waits_in_vain();
    }
    now_ = until;
    expect_nobody_waits_in_vain();
  }

  void take() {
    while (const auto stream = order_.next()) went(static_cast<int>((*stream - 2) / 4));
  }

  void went(int stream) {
    Life& life = lives_[stream];
    ASSERT_TRUE(life.finished_at) << stream;
    ASSERT_FALSE(life.gone_at) << "twice: " << stream;
    life.gone_at = now_;
    if (life.kind == other) {
      EXPECT_EQ(life.finished_at, now_);
      return;
    }
    const bool is_late = has_been_overtaken(stream);
    if (!is_late && !may_go(stream)) ADD_FAILURE() << stream << " goes too early";
    for (const auto& [earlier, other_life] : lives_)
      EXPECT_TRUE(earlier >= stream || other_life.kind != life.kind || !other_life.finished_at ||
                  other_life.gone_at)
          << stream << " goes past " << earlier;
  }

  // A later one of its kind has gone.
  [[nodiscard]] bool has_been_overtaken(int stream) {
    return std::ranges::any_of(lives_, [&](const auto& row) {
      return row.first > stream && row.second.kind == lives_[stream].kind && row.second.gone_at;
    });
  }

  [[nodiscard]] bool is_waited_for(int stream, FrameKind kind) {
    const Life& life = lives_[stream];
    if (life.finished_at || life.is_reset || stream > seen_) return false;
    if (life.has_shown && life.kind != kind) return false;
    const bool overtaken = std::ranges::any_of(lives_, [&](const auto& row) {
      return row.first > stream && row.second.kind == kind && row.second.gone_at;
    });
    return !overtaken && now_ < *life.last_byte + 200ms;
  }

  // What is whole and later of its kind goes no earlier either, unless it has waited for a second.
  [[nodiscard]] bool may_go(int stream) {
    const FrameKind kind = lives_[stream].kind;
    for (const auto& [later, life] : lives_)
      if (later >= stream && life.kind == kind && life.finished_at &&
          (!life.gone_at || later == stream) && now_ >= *life.finished_at + 1s)
        return true;
    for (int earlier = 0; earlier < stream; ++earlier)
      if (is_waited_for(earlier, kind)) return false;
    return true;
  }

  void expect_nobody_waits_in_vain() {
    for (const auto& [stream, life] : lives_)
      EXPECT_FALSE(life.finished_at && !life.gone_at && may_go(stream))
          << stream << " waits for nothing";
  }

  std::mt19937 random_;
  FrameOrderRules rules_;
  FrameOrder order_{rules_};
  TimePoint now_{1000s};
  std::map<int, Life> lives_;
  std::vector<int> open_;
  int seen_ = -1;
};

TEST(FrameOrder, keeps_its_promise_whatever_happens) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    Promise(seed).run();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace parley
