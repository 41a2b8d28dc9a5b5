# A part of the measurement: a name, a title, columns and a way to measure one variant.
class Part
  # A number of each run; chart: the title of its panel, none for numbers that get no panel.
  Column = Struct.new(:key, :title, :decimals, :chart)

  class << self
    attr_reader :columns

    def column(key, title, decimals, chart: nil)
      (@columns ||= []) << Column.new(key, title, decimals, chart)
    end
  end

  def columns = self.class.columns

  # How many of the rounds it takes part in.
  def rounds(count) = count

  # Yields each variant and its row, {key => number}, as soon as there is one.
  def measure_all(variants)
    variants.each { |variant| yield variant, measure(variant) }
  end

  # Text to show under the table, if the part has some: {variant => text}
  def notes = {}
end
