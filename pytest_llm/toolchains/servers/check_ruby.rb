# Stays, and compiles what it is sent: TICKET, a tab, {"files": [text, ...]} on a line; TICKET, a tab and
# {"said": [[errors, warnings] or null of each], "spent": whether a limit was met, which is
# the null} back.
require "json"
require "stringio"

FILE = "snippet.rb" # Ruby warns of a file as of a program, of a string as of a part of one
LONGEST = 200_000 # characters of errors, and of warnings
$VERBOSE = true

def refused(text)
  File.write(FILE, text)
  RubyVM::InstructionSequence.compile_file(FILE)
  ""
rescue SyntaxError => error
  error.message
rescue SystemStackError, NoMemoryError
  nil
rescue SystemCallError # the folder is gone, the disk is full: another process is asked
  raise
rescue StandardError => error # an encoding that is not there
  "#{FILE}:1: #{error.message.lines.first}"
end

def said(text)
  $stderr = StringIO.new
  errors = refused(text)
  errors && [errors, $stderr.string].map { |words| words.scrub[0, LONGEST] }
end

$stdin.each_line do |line|
  ticket, payload = line.split("\t", 2)
  answers = JSON.parse(payload)["files"].map { |text| said(text) }
  $stdout.puts "#{ticket}\t#{JSON.generate(said: answers, spent: answers.include?(nil))}"
  $stdout.flush
end
