#!/bin/sh
# make.sh speaks prompts.txt into en/: raw µ-law at 8 kHz, one file a prompt.
# It needs espeak-ng and sox. The files are committed, so that a build needs
# neither; run it after a change of prompts.txt and commit what it wrote.
set -eu
cd "$(dirname "$0")"
voice=en-us
speed=150
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

raw="-t raw -r 8000 -c 1 -e mu-law -b 8"
rm -rf en
tab=$(printf '\t')
grep -v -e '^#' -e '^$' prompts.txt | while IFS="$tab" read -r name text; do
	out=en/$name.ulaw
	mkdir -p "$(dirname "$out")"
	case $text in
	@tone\ *)
		set -- $text
		sox -R -D -n $raw "$out" synth "$2" sine "$3" fade q 0.01 "$2" 0.01 gain -12
		;;
	@silence\ *)
		set -- $text
		sox -R -D -n $raw "$out" trim 0 "$2"
		;;
	*)
		espeak-ng -v $voice -s $speed -w "$tmp/say.wav" -- "$text"
		# What is silent before and after is cut, the level made even, and
		# what a telephone does not carry filtered out before resampling.
		sox -R -D "$tmp/say.wav" $raw "$out" \
			silence 1 0.005 0.3% reverse silence 1 0.005 0.3% reverse \
			highpass 150 lowpass 3500 rate 8000 norm -4 pad 0.02 0.08
		;;
	esac
done
du -sb en
