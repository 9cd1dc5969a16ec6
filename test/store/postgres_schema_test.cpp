// Whose tables a database holds, and what becomes of them.

#include <gtest/gtest.h>

#include <thread>

#include "store/database.h"
#include "store/postgres_server.h"
#include "store/record.h"

namespace parley {
namespace {

// As the original's first version has them.
constexpr const char* originals = R"(
CREATE TABLE meetings (
  id serial PRIMARY KEY, room_id varchar(255) UNIQUE NOT NULL, started_at timestamptz NOT NULL,
  ended_at timestamptz, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz, creator_id varchar(255));
CREATE TABLE session_participants (
  id serial PRIMARY KEY, room_id varchar(255) NOT NULL, user_id varchar(255) NOT NULL,
  joined_at timestamptz NOT NULL DEFAULT now(), left_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(), UNIQUE (room_id, user_id));
)";

// What meeting-api makes of them: the room is unique among rows that are not deleted.
constexpr const char* meeting_apis = R"(
ALTER TABLE meetings ADD password_hash varchar(255), ADD state varchar(50) DEFAULT 'idle',
  ADD attendees jsonb NOT NULL DEFAULT '[]', DROP CONSTRAINT meetings_room_id_key;
CREATE UNIQUE INDEX ON meetings (room_id) WHERE deleted_at IS NULL;
CREATE TABLE meeting_participants (
  id serial PRIMARY KEY, meeting_id integer REFERENCES meetings ON DELETE CASCADE,
  user_id varchar(255) NOT NULL, status varchar(50) DEFAULT 'waiting');
INSERT INTO meetings (room_id, started_at, state, creator_id) VALUES ('kitchen', now(), 'active', 'owner');
INSERT INTO meeting_participants (meeting_id, user_id, status) 
  VALUES ((SELECT max(id) FROM meetings), 'owner', 'admitted');
)";

struct PostgresSchema : testing::Test {
  bool start(const std::string& user, std::uint64_t second) {
    const auto started =
        database->connect()->start({{"kitchen"}, user, "server-0", false, at_second(second)});
    EXPECT_TRUE(started.has_value()) << started.error().message;
    return started.has_value() && started->creator_id == "alice";
  }
  void end(const std::string& user, std::uint64_t second) {
    EXPECT_TRUE(database->connect()
                    ->end({{"kitchen"}, user, "server-0", true, at_second(second)})
                    .has_value());
  }
  std::string tables_of(const std::string& schema) {
    return psql.value(
        "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = to_regnamespace('" +
        schema + "')");
  }
  /// All of schema public, as text: columns, indexes, rows.
  std::string public_as_text() {
    return psql.value(
        "SELECT (SELECT string_agg(concat_ws(' ', table_name, column_name, data_type, "
        "column_default), ',' ORDER BY table_name, ordinal_position) FROM "
        "information_schema.columns WHERE table_schema = 'public') || "
        "(SELECT string_agg(indexdef, ',' ORDER BY indexname) FROM pg_indexes WHERE schemaname = "
        "'public') || (SELECT string_agg(m::text, ',') FROM public.meetings AS m) || "
        "(SELECT string_agg(p::text, ',') FROM public.meeting_participants AS p) || "
        "(SELECT count(*) FROM public.session_participants)");
  }

  const std::string url = PostgresServer::shared().new_database();
  std::unique_ptr<Database> database = open_store(url).value();
  Psql psql{url};
};

constexpr const char* our_own = "holders hosts instances schema_version";
constexpr const char* our_own_and_record =
    "holders hosts instances meetings schema_version session_participants";

TEST_F(PostgresSchema, empty_database_gets_a_schema_of_ours) {
  EXPECT_EQ(database->status()->version, 0);
  EXPECT_EQ(tables_of("parley"), "");  // looking changes nothing

  ASSERT_TRUE(database->migrate().has_value());

  EXPECT_TRUE(database->status()->is_ready());
  EXPECT_EQ(tables_of("parley"), our_own_and_record);
  EXPECT_EQ(tables_of("public"), "");
  ASSERT_TRUE(database->migrate().has_value());
  EXPECT_EQ(psql.value("SELECT count(*) FROM parley.schema_version"), "1");
}

TEST_F(PostgresSchema, connection_makes_what_is_missing_by_itself) {
  EXPECT_TRUE(start("alice", 1));

  EXPECT_TRUE(database->status()->is_ready());
}

TEST_F(PostgresSchema, tables_of_the_original_are_the_record) {
  psql.run(originals);
  psql.run(
      "INSERT INTO meetings (room_id, started_at, creator_id) VALUES ('kitchen', "
      "'2026-01-01T10:00:00.5Z', 'alice'); "
      "INSERT INTO session_participants (room_id, user_id) VALUES ('kitchen', 'alice')");

  EXPECT_TRUE(start("bob", 1));

  EXPECT_EQ(tables_of("parley"), our_own);
  EXPECT_EQ(psql.value("SELECT count(*) FROM session_participants WHERE left_at IS NULL"), "2");
  EXPECT_EQ(psql.value("SELECT started_at = '2026-01-01T10:00:00.5Z' FROM meetings"), "t");
  end("bob", 2);
  EXPECT_EQ(psql.value("SELECT ended_at IS NULL FROM meetings"), "t");
  end("alice", 3);
  EXPECT_EQ(psql.value("SELECT ended_at = to_timestamp(1770000003) FROM meetings"), "t");
  EXPECT_EQ(psql.value("SELECT count(*) FROM session_participants WHERE left_at IS NULL"), "0");
}

TEST_F(PostgresSchema, creator_of_the_original_is_the_host) {
  psql.run(originals);
  ASSERT_TRUE(start("alice", 1));
  ASSERT_TRUE(start("bob", 1));

  const auto ended =
      database->connect()->end({{"kitchen"}, "alice", "server-0", true, at_second(2)});

  EXPECT_EQ(ended->ending, Ending::host_ended);
  EXPECT_EQ(psql.value("SELECT count(*) FROM session_participants WHERE left_at IS NULL"), "0");
}

TEST_F(PostgresSchema, database_of_meeting_api_is_left_alone) {
  psql.run(originals);
  psql.run(meeting_apis);
  const std::string before = public_as_text();
  ASSERT_FALSE(before.empty());

  EXPECT_TRUE(start("alice", 1));
  EXPECT_TRUE(start("bob", 2));
  end("alice", 3);

  EXPECT_EQ(public_as_text(), before);
  EXPECT_EQ(tables_of("parley"), our_own_and_record);
  EXPECT_EQ(psql.value("SELECT creator_id FROM parley.meetings WHERE ended_at IS NOT NULL"),
            "alice");
}

TEST_F(PostgresSchema, database_that_becomes_meeting_apis_is_left_alone_from_then_on) {
  psql.run(originals);
  ASSERT_TRUE(start("alice", 1));
  psql.run("DELETE FROM meetings");
  psql.run(meeting_apis);
  EXPECT_FALSE(database->status()->is_ready());
  const std::string before = public_as_text();

  EXPECT_TRUE(start("alice", 2));

  EXPECT_EQ(public_as_text(), before);
  EXPECT_EQ(psql.value("SELECT creator_id FROM parley.meetings"), "alice");
}

TEST_F(PostgresSchema, tables_that_only_sound_like_the_originals_are_left_alone) {
  psql.run("CREATE TABLE meetings (theirs text)");

  EXPECT_TRUE(start("alice", 1));

  EXPECT_EQ(tables_of("parley"), our_own_and_record);
}

TEST_F(PostgresSchema, tables_from_the_future_are_refused) {
  ASSERT_TRUE(database->migrate().has_value());
  psql.run("INSERT INTO parley.schema_version (version) VALUES (9)");

  const auto refused = database->connect()->start({{"kitchen"}, "alice", "i", false, at_second(1)});

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "the tables are of version 9, and this program knows 1: run the newer Parley that made "
            "them, or name another database");
  EXPECT_EQ(database->migrate().error().message, refused.error().message);
  EXPECT_EQ(database->status().error().message, refused.error().message);
}

TEST_F(PostgresSchema, many_may_migrate_at_once) {
  std::vector<std::thread> servers;
  for (int i = 0; i < 8; ++i)
    servers.emplace_back([this] {
      const auto migrated = database->migrate();
      ASSERT_TRUE(migrated.has_value()) << migrated.error().message;
      EXPECT_TRUE(migrated->is_ready());
    });
  for (std::thread& server : servers) server.join();

  EXPECT_EQ(psql.value("SELECT count(*) FROM parley.schema_version"), "1");
}

}  // namespace
}  // namespace parley
