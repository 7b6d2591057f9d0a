# Stands in for Testcontainers' reaper (`testcontainers/ryuk`), whose image is not ours to give: it takes filters on port
# 8080, acknowledges each, and when who sent them has gone it removes what they choose, by the engine's socket.
use strict;
use warnings;
use IO::Socket::INET;
use IO::Socket::UNIX;

my $engine = '/var/run/docker.sock';
# A client that lost its connection may come again.
my $reconnect_seconds = 1;

sub ask {
  my ($method, $path) = @_;
  my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $engine) or die "$engine: $!";
  print $socket "$method /v1.44$path HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n";
  local $/;
  return <$socket>;
}

open my $file, '<', '/etc/hostname' or die $!;
chomp(my $self = <$file>);

sub remove {
  my ($key, $value) = @_;
  my $filter = "{\"$key\":{\"$value\":true}}";
  $filter =~ s/([^A-Za-z0-9])/sprintf('%%%02X', ord $1)/ge;
  for my $id (ask('GET', "/containers/json?all=1&filters=$filter") =~ /"Id":"([0-9a-f]{64})"/g) {
    ask('DELETE', "/containers/$id?force=1&v=1") unless index($id, $self) == 0;
  }
  ask('POST', "/$_/prune?filters=$filter") for ('networks', 'volumes', 'images');
}

ask('GET', '/_ping') =~ m{^HTTP/1\.1 200} or die "$engine does not answer";
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 8, ReuseAddr => 1) or die "8080: $!";
$| = 1;
print "Reaper: Started!\n";
my @filters;
my $client = $server->accept;
while ($client) {
  while (my $line = <$client>) {
    push @filters, [$1, $2] if $line =~ /^(\w+)=(.*?)\r?\n$/;
    print $client "ACK\n";
  }
  $server->timeout($reconnect_seconds);
  $client = $server->accept;
}
remove(@$_) for @filters;
