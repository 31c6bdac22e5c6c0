#ifndef SERVICE_CTL_ONLINE_TABLE_H_
#define SERVICE_CTL_ONLINE_TABLE_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace service {

// Text in aligned columns under a line of headings, for a terminal of 80
// columns. A row may have notes: sentences on lines of their own below it,
// wrapped and indented. Columns are as wide as they must be: a very long name
// makes lines longer than 80 rather than being cut.
class Table {
 public:
  struct Column {
    std::string heading;
    bool number = false;  // aligned to the right
  };

  explicit Table(std::vector<Column> columns);

  // Adds a row with one cell for each column. Cells are shown as
  // PrintableText().
  void AddRow(const std::vector<std::string>& cells);
  // Adds a note below the last row. Does nothing if `text` is empty.
  void AddNote(absl::string_view text);

  // Prints nothing if there is no row.
  void Print(std::ostream& out) const;

  // The same for a screen, as lines of at most `width` columns: cells of the
  // first column are cut to make room for the others, notes are cut rather than
  // wrapped. None if there is no row.
  std::vector<std::string> LinesWithin(size_t width) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::vector<std::string> notes;
  };

  std::vector<std::string> Headings() const;
  // Without an end of line. `first_width`: of the first column.
  std::string Line(const std::vector<std::string>& cells,
                   size_t first_width) const;

  const std::vector<Column> columns_;
  std::vector<size_t> widths_;
  std::vector<Row> rows_;
};

// Prints the words of `text` in lines of at most 80 columns, each `indent`
// spaces in. Shown as PrintableText().
void PrintWrapped(std::ostream& out, size_t indent, absl::string_view text);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_TABLE_H_
