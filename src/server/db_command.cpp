#include "server/db_command.h"

#include <memory>
#include <ostream>

#include "store/database.h"

namespace parley {
namespace {

using Ask = Result<SchemaStatus> (Database::*)() const;

/// Asks the database what it holds, and says it.
int describe(const std::string& url, Ask ask, std::ostream& out, std::ostream& err) {
  if (url.empty()) {
    err << "Which database? Set DATABASE_URL, or name it: sqlite:PATH or "
           "postgres://USER:PASSWORD@HOST:PORT/DATABASE.\n";
    return 2;
  }
  const auto database = open_store(url);
  if (!database) {
    err << database.error().message << "\n";
    return 2;
  }
  const auto status = ((**database).*ask)();
  if (!status) {
    err << (*database)->name() << ": " << status.error().message << "\n";
    return 1;
  }
  out << "database:  " << (*database)->name() << "\n"
      << "tables in: " << status->place << "\n"
      << "version:   " << status->version << " of " << schema_version << "\n"
      << "state:     " << (status->is_ready() ? "ready" : "not ready; see parley db migrate")
      << "\n";
  return status->is_ready() ? 0 : 1;
}

}  // namespace

int run_db_status(const std::string& url, std::ostream& out, std::ostream& err) {
  return describe(url, &Database::status, out, err);
}

int run_db_migrate(const std::string& url, std::ostream& out, std::ostream& err) {
  return describe(url, &Database::migrate, out, err);
}

}  // namespace parley
