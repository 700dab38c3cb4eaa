package CompleteLines;

# The suite writes most of its requests with bare line feeds. NGINX reads them, and this product refuses them by decision
# (RFC 9112 section 2.2 allows either; a bare LF is where two parsers come to differ). So that the rest of the suite can be
# asked at all, this completes the line ends of a request's head before it is sent. It is loaded before a test file is
# (perl -MCompleteLines), and changes nothing of the suite: its log_out gets each request just before the request is printed.

use warnings;
use strict;

require Test::Nginx;

my $log_out = \&Test::Nginx::log_out;

{
	no warnings 'redefine';
	*Test::Nginx::log_out = sub {
		if (@_ && defined $_[0]) {
			my $front = front($_[0]);
			my $rest = substr($_[0], length $front);
			$_[0] = $front . complete($rest) if $rest =~ m!^[A-Z]+ [^\x0d\x0a]* HTTP/1\.\d\x0a!;
		}
		$log_out->(@_);
	};
}

# The suite's client of HTTP/2 pads a Huffman string whose code fills its last byte with a whole byte more, which NGINX reads, and
# which a decoder has to refuse (RFC 7541 section 5.2). Here it ends where it should.
if (eval { require Test::Nginx::HTTP2; 1 }) {
	no warnings 'redefine';
	my $huff = \&Test::Nginx::HTTP2::huff;
	*Test::Nginx::HTTP2::huff = sub {
		my ($string) = @_;
		my $code = Test::Nginx::HTTP2::huff_code();
		my $bits = 0;
		$bits += length $code->{$_} for split //, $string;
		my $done = $huff->($string);
		return $bits % 8 ? $done : substr($done, 0, $bits / 8);
	};
}

# A header of the PROXY protocol, version 1 or 2, which stands before the first head; else nothing.
sub front {
	my ($text) = @_;
	return $1 if $text =~ /^(PROXY [^\x0a]*\x0a)/;
	return '' unless $text =~ /^\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a..(..)/s;
	return substr($text, 0, 16 + unpack('n', $1));
}

# Only the heads: what follows an empty line is a body, unless another head begins there (pipelining).
sub complete {
	my ($text) = @_;
	my $done = '';
	while ($text =~ s!^([A-Z]+ [^\x0d\x0a]* HTTP/1\.\d\x0a(?:[^\x0a]+\x0a)*\x0a?)!!) {
		my $head = $1;
		$head =~ s/(?<!\x0d)\x0a/\x0d\x0a/g;
		$done .= $head;
	}
	return $done . $text;
}

1;
