# A part's medians as text: names to the left, numbers to the right.
class Table
  # rows: {name => {key => number}}
  def initialize(columns, rows)
    @columns = columns
    @rows = rows
  end

  def to_s
    lines = [["", *@columns.map(&:title)]] + @rows.map { |name, row| [name, *cells(row)] }
    widths = lines.transpose.map { |cells| cells.map(&:length).max }
    lines.map { |line| aligned(line, widths) }.join
  end

  private

  def cells(row) = @columns.map { |column| format("%.#{column.decimals}f", row.fetch(column.key)) }

  def aligned(line, widths)
    name, *numbers = line.zip(widths)
    "#{name[0].ljust(name[1])}  #{numbers.map { |text, width| text.rjust(width) }.join('  ')}\n"
  end
end
