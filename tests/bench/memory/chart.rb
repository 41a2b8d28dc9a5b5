require "cgi"

# Bars as SVG: a panel for each number that is charted, a bar for each variant. It needs nothing
# beside itself, and follows the reader's choice of a light or a dark page.
class Chart
  # rows: {name => number}; marked: the names that stand out
  Panel = Struct.new(:title, :rows, :marked)

  WIDTH = 760
  LEFT = 190
  BARS = 480
  LINE = 24
  BAR = 16
  HEAD = 34
  GAP = 18

  STYLE = <<~CSS
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .title { font-weight: 600 }
    .name { text-anchor: end }
    rect { fill: #8c959f }
    .marked { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      rect { fill: #6e7681 }
      .marked { fill: #4493f8 }
    }
  CSS

  def initialize(panels)
    @panels = panels
  end

  def to_s
    top = GAP
    parts = @panels.map do |panel|
      drawn = draw(panel, top)
      top += HEAD + panel.rows.size * LINE + GAP
      drawn
    end
    <<~SVG
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 #{WIDTH} #{top}" width="#{WIDTH}" height="#{top}" role="img">
      <title>Memory and throughput by allocator</title>
      <style>
      #{STYLE.chomp}
      </style>
      #{parts.join.chomp}
      </svg>
    SVG
  end

  private

  def draw(panel, top)
    longest = panel.rows.values.max
    bars = panel.rows.each_with_index.map do |(name, number), index|
      bar(name, number, number / longest * BARS, top + HEAD + index * LINE, panel.marked.include?(name))
    end
    text("title", LEFT, top + 16, panel.title) + bars.join
  end

  def bar(name, number, width, top, marked)
    middle = top + BAR - 3
    rectangle = format('<rect x="%d" y="%d" width="%.1f" height="%d" rx="2"%s/>', LEFT, top, width, BAR,
                       marked ? ' class="marked"' : "")
    "#{text('name', LEFT - 10, middle, name)}#{rectangle}\n" +
      text("number", (LEFT + width + 8).round(1), middle, format("%.0f", number))
  end

  def text(kind, left, top, words)
    %(<text class="#{kind}" x="#{left}" y="#{top}">#{CGI.escapeHTML(words)}</text>\n)
  end
end
