// What can be wrong with a PostgreSQL server, and how its clients live through it.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "store/database.h"
#include "store/postgres_server.h"
#include "store/record.h"
#include "store/store_threads.h"

namespace parley {
namespace {

StoreResult<Started> start(SessionStore& store, const std::string& user,
                           const std::string& room = "kitchen") {
  return store.start({{room}, user, "server-0", false, at_second(1)});
}

void expect_failure(const StoreResult<Started>& started, const std::string& words) {
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().kind, StoreError::Kind::unavailable);
  EXPECT_NE(started.error().message.find(words), std::string::npos) << started.error().message;
}

struct PostgresFaults : testing::Test {
  PostgresServer& server = PostgresServer::shared();
  const std::string url = server.new_database();
  std::unique_ptr<Database> database = open_store(url).value();
  std::shared_ptr<SessionStore> store = database->connect();
};

TEST_F(PostgresFaults, connection_that_was_cut_is_made_again_and_nobody_notices) {
  ASSERT_TRUE(start(*store, "alice").has_value());
  Psql psql(url);
  psql.run(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
      "WHERE application_name = 'parley' AND datname = current_database()");

  const auto bob = start(*store, "bob");

  ASSERT_TRUE(bob.has_value()) << bob.error().message;
  EXPECT_FALSE(bob->is_first);
}

TEST_F(PostgresFaults, server_that_is_gone_is_found_again) {
  ASSERT_TRUE(start(*store, "alice").has_value());

  server.kill();
  EXPECT_FALSE(start(*store, "bob").has_value());
  EXPECT_FALSE(start(*store, "bob").has_value());
  server.start();

  const auto bob = start(*store, "bob");
  ASSERT_TRUE(bob.has_value()) << bob.error().message;
  EXPECT_EQ(bob->creator_id, "alice");
}

TEST_F(PostgresFaults, lock_of_another_session_costs_a_second_and_no_more) {
  ASSERT_TRUE(start(*store, "alice").has_value());
  auto other = std::make_unique<Psql>(url);
  other->run("BEGIN; LOCK TABLE parley.session_participants IN ACCESS EXCLUSIVE MODE");
  const TimePoint begun = monotonic_now();

  const auto refused = start(*store, "bob");

  expect_failure(refused, "takes longer than 1000 ms");
  EXPECT_LT(monotonic_now() - begun, 3s);
  other.reset();
  EXPECT_TRUE(start(*store, "bob").has_value());
}

TEST_F(PostgresFaults, server_that_is_stopped_costs_a_moment_and_no_more) {
  ASSERT_TRUE(start(*store, "alice").has_value());
  auto frozen = server.freeze(url);
  const TimePoint begun = monotonic_now();

  const auto refused = start(*store, "bob");

  expect_failure(refused, "does not answer within");
  EXPECT_LT(monotonic_now() - begun, 4s);
  frozen.reset();
  EXPECT_TRUE(start(*store, "bob").has_value());
}

TEST_F(PostgresFaults, address_where_nobody_answers_costs_two_seconds_and_no_more) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, generic, length), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, generic, &length), 0);
  const auto silent = open_store(
      "postgres://alice:s3cret@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/meetings");
  const TimePoint begun = monotonic_now();

  const auto refused = start(*(*silent)->connect(), "bob");

  expect_failure(refused, "does not answer within 2 s");
  EXPECT_LT(monotonic_now() - begun, 4s);
  ::close(listener);
  const auto nobody = start(*(*silent)->connect(), "bob");
  expect_failure(nobody, "127.0.0.1");
  EXPECT_EQ(nobody.error().message.find("s3cret"), std::string::npos);
}

TEST_F(PostgresFaults, read_only_database_is_called_that) {
  ASSERT_TRUE(start(*store, "alice").has_value());
  Psql psql(url);
  psql.run("ALTER DATABASE " + psql.value("SELECT current_database()") +
           " SET default_transaction_read_only = on");
  store = database->connect();

  expect_failure(start(*store, "bob"), "the database is read-only");
}

TEST_F(PostgresFaults, user_without_rights_is_told_what_to_ask_for) {
  Psql psql(url);
  psql.run("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN");
  std::string guest_url = url;
  guest_url.replace(guest_url.find("tester@"), 7, "guest@");
  const auto guests = open_store(guest_url);

  const auto refused = (*guests)->migrate();

  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("permission denied"), std::string::npos);
  EXPECT_NE(refused.error().message.find("CREATE SCHEMA parley AUTHORIZATION"), std::string::npos);
  psql.run("CREATE SCHEMA parley AUTHORIZATION guest");
  EXPECT_TRUE((*guests)->migrate().has_value());
}

TEST_F(PostgresFaults, value_no_table_takes_does_not_bring_the_store_down) {
  const auto refused = start(*store, "broken \xff name");

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, StoreError::Kind::refused) << refused.error().message;
  EXPECT_TRUE(start(*store, "alice")->is_first);
}

/// Through the threads, as the shards ask.
struct PostgresThreads : PostgresFaults {
  bool may_start(const std::string& user, const std::string& room) {
    std::promise<bool> answered;
    threads.start({{room}, user, "", false, at_second(1)},
                  [&](const auto& started) { answered.set_value(started.has_value()); });
    return answered.get_future().get();
  }
  std::future<StoreResult<Ended>> end(const std::string& user, const std::string& room) {
    auto answered = std::make_shared<std::promise<StoreResult<Ended>>>();
    threads.end({{room}, user, "", true, at_second(2)},
                [answered](const auto& ended) { answered->set_value(ended); });
    return answered->get_future();
  }
  std::uint64_t sum(Cell StoreStats::* cell) {
    std::uint64_t total = 0;
    for (const StoreStats* stats : threads.stats()) total += (stats->*cell).read();
    return total;
  }

  StoreThreads threads{*database, {.instance = "server-0", .renewal = 50ms}};
};

TEST_F(PostgresThreads, killed_database_refuses_the_new_keeps_the_ends_and_comes_back) {
  for (int room = 0; room < 8; ++room) {
    ASSERT_TRUE(may_start("alice", std::to_string(room)));
    ASSERT_TRUE(may_start("bob", std::to_string(room)));
  }

  server.kill();
  const TimePoint killed = monotonic_now();
  EXPECT_FALSE(may_start("carol", "0"));
  std::vector<std::future<StoreResult<Ended>>> ends;
  for (int room = 0; room < 8; ++room) ends.push_back(end("bob", std::to_string(room)));
  EXPECT_FALSE(may_start("carol", "1"));
  EXPECT_LT(monotonic_now() - killed, 3s);
  EXPECT_FALSE(threads.is_up());
  server.start();

  const TimePoint back = monotonic_now();
  for (auto& ended : ends) {
    const auto result = ended.get();
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(result->remaining, 1u);
  }
  EXPECT_LT(monotonic_now() - back, 5s);
  EXPECT_TRUE(may_start("carol", "0"));
  EXPECT_EQ(sum(&StoreStats::ends_lost), 0u);
  EXPECT_GT(sum(&StoreStats::refused_down), 0u);
}

TEST_F(PostgresThreads, rooms_do_not_wait_for_one_another_longer_than_their_thread_does) {
  Psql other(url);
  ASSERT_TRUE(may_start("alice", "warm"));
  std::vector<std::string> refused, entered;
  other.run("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('slow', 7021786327))");
  std::promise<bool> slow;
  const TimePoint begun = monotonic_now();
  threads.start({{"slow"}, "alice", "", false, at_second(1)},
                [&](const auto& started) { slow.set_value(started.has_value()); });

  std::size_t quick = 0;
  for (int room = 0; room < 16; ++room) {
    const TimePoint asked = monotonic_now();
    if (may_start("alice", "room-" + std::to_string(room)) && monotonic_now() - asked < 500ms)
      ++quick;
  }

  EXPECT_GE(quick, 8u);  // a quarter of the rooms is the slow one's thread's
  EXPECT_FALSE(slow.get_future().get());
  EXPECT_LT(monotonic_now() - begun, 4s);
}

}  // namespace
}  // namespace parley
