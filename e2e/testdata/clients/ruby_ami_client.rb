# Drives the exchange through ruby-ami, unmodified: ruby_ami_client.rb HOST USER SECRET
# It runs a call by AsyncAGI.
require 'ruby_ami'

$stdout.sync = true
host, user, secret = ARGV
class Quiet
  def method_missing(*); end
end
events = Queue.new
stream = RubyAMI::Stream.new(host, 5038, user, secret, ->(e) { events << e }, Quiet.new, 10)
stream.async.run
await = lambda do |name|
  loop do
    e = events.pop
    return e if e.respond_to?(:name) && e.name == name
  end
end
check = ->(ok, what) { ok or abort("FAILED #{what.inspect}") }
begin
  Timeout.timeout(20) do
    await.call('FullyBooted')
    check.call(stream.version.to_s == '9.0.0', stream.version)
    check.call(stream.send_action('Ping')['Ping'] == 'Pong', 'ping')
    peers = stream.send_action('SIPpeers')
    check.call(peers.events.map(&:name) == %w[PeerEntry PeerlistComplete], peers)
    none = begin
      stream.send_action('DBGet', 'Family' => 'a', 'Key' => 'b')
    rescue RubyAMI::Error => e
      e
    end
    check.call(none.message == 'Database entry not found', none)
    stream.send_action('Originate', 'Channel' => 'Local/1003@t', 'Application' => 'Wait', 'Data' => '1', 'Async' => 'true')
    start = await.call('AsyncAGIStart')
    env = RubyAMI::AsyncAGIEnvironmentParser.new(start['Env']).to_hash
    check.call(env[:agi_extension] == '1003' && env[:agi_request] == 'async' && env[:agi_channel] == start['Channel'], env)
    { 'ANSWER' => [200, 0, ''], 'GET VARIABLE G1' => [200, 1, 'one'] }.each do |command, want|
      stream.send_action('AGI', 'Channel' => start['Channel'], 'Command' => command, 'CommandID' => command)
      done = await.call('AsyncAGIExec')
      check.call(done['CommandID'] || done['CommandId'], done)
      got = RubyAMI::AGIResultParser.new(done['Result'])
      check.call([got.code, got.result, got.data.to_s] == want, got)
    end
    stream.send_action('AGI', 'Channel' => start['Channel'], 'Command' => 'ASYNCAGI BREAK')
    await.call('AsyncAGIEnd')
    2.times { await.call('Hangup') }
  end
  puts 'OK'
rescue StandardError => e
  abort("FAILED #{e.class} #{e.message}")
end
exit!(0)
