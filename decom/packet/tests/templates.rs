//! The template subset: what real plug-ins write, and what is refused within bounds.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::time::{Duration, Instant};

use groundlog_packet::template::{self, Sources, TemplateError, Variables};

fn render(text: &str, partials: &[(&str, &str)]) -> Result<String, TemplateError> {
    let variables = Variables::from([
        ("target_name".to_owned(), "SAT".to_owned()),
        ("count".to_owned(), "3".to_owned()),
        ("name".to_owned(), "Box One".to_owned()),
    ]);
    let partial = |path: &str| {
        partials.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned())
    };
    let environment = |name: &str| (name == "HOME").then(|| "/root".to_owned());
    let sources = Sources { partial: &partial, environment: &environment };
    template::render("cmd_tlm/t.txt", text, &variables, &sources)
}

#[track_caller]
fn shows(text: &str, wanted: &str) {
    match render(text, &[]) {
        Ok(found) => assert_eq!(found, wanted, "{text}"),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[test]
fn values_and_operators() {
    for (expression, wanted) in [
        ("1 + 2 * 3 - 7 / 2 + -7 % 3", "6"),
        ("2 ** 10", "1024"),
        ("(0x0F & 0b110) | 1 << 4", "22"),
        ("1.5 * 2", "3.0"),
        ("count.to_i > 2 && !false || nil", "true"),
        ("not true or 1 == 1.0", "true"),
        ("nil.nil?", "true"),
        ("\"a#{1 + 1}b#{\"c}\"}\"", "a2bc}"),
        ("'a#{1}b\\'c'", "a#{1}b'c"),
        ("\"tab\\t\\\"q\\\" \\#{x}\"", "tab\t\"q\" #{x}"),
        ("count == '3' ? 'yes' : 'no'", "yes"),
        ("'ab' * 3 + 'c'", "abababc"),
        ("'%03d|%-4s|%.2f|%X|%%' % [7, 'x', 1.5, 255]", "007|x   |1.50|FF|%"),
        ("format('%02d', 5)", "05"),
        ("sprintf '%s', :sym", "sym"),
        ("[1, 'a', nil, :b, 2.5]", "[1, \"a\", nil, :b, 2.5]"),
        ("{a: 1, 'b' => [2]}", "{:a => 1, \"b\" => [2]}"),
        ("%w[x y].inspect", "[\"x\", \"y\"]"),
        ("[3, 1, 2] <=> [3, 1]", "1"),
        ("[1, 2, 3] - [2] + [4]", "[1, 3, 4]"),
        ("ENV['HOME'] + ENV.fetch('NOPE', '!')", "/root!"),
        ("ENV.key?('NOPE')", "false"),
        ("ENV['NOPE']&.upcase.nil?", "true"),
        ("defined?(nope) ? 1 : 2", "2"),
        ("Integer('0x10') + Float('1.5')", "17.5"),
        ("'a'..'c'", "[\"a\", \"b\", \"c\"]"),
    ] {
        shows(&format!("<%= {expression} %>"), wanted);
    }
}

#[test]
fn methods_of_texts_and_numbers() {
    for (expression, wanted) in [
        ("name.upcase.gsub(' ', '_')", "BOX_ONE"),
        ("name.gsub(/[^A-Z]/, '')", "BO"),
        ("name.sub 'o', '0'", "B0x One"),
        ("name.split(' ').map(&:downcase).join('-')", "box-one"),
        ("name =~ /One$/", "4"),
        ("name[0..2] + name[-1] + name[0, 1]", "BoxeB"),
        ("name.tr('Bx', '8').length", "7"),
        ("' x '.strip.rjust(3, '0').ljust(4) + '|'", "00x |"),
        ("name.start_with?('Box') && name.include?('One')", "true"),
        ("255.to_s(16).upcase + 'ff'.to_i(16).to_s + '12abc'.to_i.to_s", "FF25512"),
        ("65.chr + 'A'.ord.to_s", "A65"),
        ("3.7.round + 3.2.ceil + 3.9.to_i", "11"),
        ("3.14159.round(2)", "3.14"),
        ("7.even? || 7.between?(1, 9)", "true"),
        ("'az'.reverse.capitalize", "Za"),
        ("'a,b,,'.split(',').length", "2"),
        ("'x'.nil? ? '' : 'x'.to_sym.inspect", ":x"),
        ("count.empty?? 1 : 2", "2"),
    ] {
        shows(&format!("<%= {expression} %>"), wanted);
    }
}

#[test]
fn methods_of_lists_and_maps() {
    for (expression, wanted) in [
        ("[1, 2, 3].map { |x| x * 2 }.sum", "12"),
        ("(1..4).select { |x| x.even? }.inspect", "[2, 4]"),
        ("(1..4).reject(&:even?).inspect", "[1, 3]"),
        ("[3, 1].sort.first + [3, 1].max", "4"),
        ("['b', 'a'].sort_by { |x| x }.join", "ab"),
        ("(1..3).to_a.reverse.join(',')", "3,2,1"),
        ("(1..3).inject { |a, b| a * b } + (1..3).reduce(:+)", "12"),
        ("[1, [2, [3]]].flatten.length", "3"),
        ("[1, 2, 2].uniq.include?(2)", "true"),
        ("[1, 2].zip(['a', 'b']).to_h.inspect", "{1 => \"a\", 2 => \"b\"}"),
        ("{a: 1, b: 2}[:b] + {a: 1}.fetch(:a)", "3"),
        ("{a: 1}['a'].nil?", "true"),
        ("{a: 1, b: 2}.map { |k, v| \"#{k}=#{v}\" }.join(' ')", "a=1 b=2"),
        ("{a: 1, b: 2}.select { |k, v| v > 1 }.keys.first", "b"),
        ("[1, 2, 3].any? { |x| x > 2 } && [].empty?", "true"),
        ("%w[a b].each_with_index.map { |x, i| \"#{x}#{i}\" }.join", "a0b1"),
        ("%w[a b].map.with_index(1) { |x, i| \"#{x}#{i}\" }.join", "a1b2"),
        ("[1, 2, 3, 4].each_slice(2).map(&:sum).inspect", "[3, 7]"),
        ("(1..3).include?(2)", "true"),
        ("[[1, 2], [3, 4]].map { |(a, b)| a * b }.inspect", "[2, 12]"),
    ] {
        shows(&format!("<%= {expression} %>"), wanted);
    }
}

#[test]
fn loops() {
    shows("<% 3.times { |i| %><%= i %><% } %>", "012");
    shows("<% 1.upto(3) do |i| %><%= i %><% end %>", "123");
    shows("<% 3.downto(1) do |i| %><%= i %><% end %>", "321");
    shows("<% 1.step(9, 4) do |i| %><%= i %>,<% end %>", "1,5,9,");
    shows("<% (0..6).step(3) do |i| %><%= i %><% end %>", "036");
    shows("<% ('a'..'c').each do |c| %><%= c %><% end %>", "abc");
    shows("<% {x: 1, y: 2}.each do |k, v| %><%= k %><%= v %><% end %>", "x1y2");
    shows("<% [['A', 1], ['B', 2]].each do |n, s| %><%= n * s %><% end %>", "ABB");
    shows(
        "<% [['A', 1]].each_with_index do |(n, s), i| %><%= n %><%= s %><%= i %><% end %>",
        "A10",
    );
    shows("<% %w[a b].each.with_index(1) do |x, i| %><%= x %><%= i %><% end %>", "a1b2");
    shows(
        "<% (1..5).each do |i| %><% next if i == 2 %><% break if i > 3 %><%= i %><% end %>",
        "13",
    );
    shows("<% i = 0 %><% while i < 3 %><%= i %><% i += 1 %><% end %>", "012");
    // What a block assigns first is gone after it.
    shows("<% 2.times do |i| %><% x ||= i %><%= x %><% end %><%= defined?(x).nil? %>", "01true");
}

#[test]
fn several_statements_and_lines_in_a_tag() {
    shows(
        "<%\n  names = [\n    'a', # the first\n    'b',\n  ]\n  sizes = {\n    'a' => 8,\n    'b' => 16\n  }\n  \
         names.each do |n|\n%>\nITEM <%= n %> <%= sizes[n] %>\n<% end %>",
        "\nITEM a 8\n\nITEM b 16\n",
    );
    shows("<% a = 1; b = a + 1 %><%= a + b %>", "3");
    shows("<% a, b = 1, 2 %><%= a %><%= b %>", "12");
    shows("<% sum = 0; [1, 2].each { |x| sum += x } %><%= sum %>", "3");
    shows("<% list = []; list << 1 << 2; list.push(3) %><%= list.inspect %>", "[1, 2, 3]");
    shows(
        "<% h = {}; h['a'] = []; h['a'] << 1; h['n'] = 1; h['n'] += 1 %><%= h %>",
        "{\"a\" => [1], \"n\" => 2}",
    );
    shows("<% x = 5 if count == '3' %><%= x %><% # a comment %>", "5");
    shows("<% x = [3, 1]\n  .sort\n  .first %><%= x %>", "1");
}

#[test]
fn conditions() {
    shows("<% if count.to_i > 3 then %>a<% elsif count == '3' %>b<% else %>c<% end %>", "b");
    shows("<% unless count == '3' %>a<% else %>b<% end %>", "b");
    shows("<% case count.to_i %>\n<% when 1, 2 %>a<% when 3..5 %>b<% else %>c<% end %>", "b");
    shows("<% case name\nwhen /^Box/ then x = 1\nelse x = 2\nend %><%= x %>", "1");
}

#[test]
fn partials_have_paths_and_locals() {
    let partials = [
        (
            "cmd_tlm/_a.txt",
            "<%= target_name %><%= n + 1 %><%= render '../_b.txt', locals: {list: [1]} %>",
        ),
        ("_b.txt", "<%= list.first %><%= defined?(n).inspect %>"),
    ];
    let text = "<%= render '_a.txt', locals: {n: 1} %><%= render('_a.txt', locals: { :n => 2 }) %>";
    assert_eq!(render(text, &partials).unwrap(), "SAT21nilSAT31nil");
    let error = render("x\n<%= render '_a.txt', locals: {} %>", &partials).unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("cmd_tlm/_a.txt", 1));
}

#[test]
fn what_is_not_supported_is_named() {
    for (text, wanted) in [
        ("<% require 'json' %>", "'require' is not supported"),
        ("<%= `ls` %>", "'`' is not supported"),
        ("<%= File.read('x') %>", "'File' is not defined here"),
        ("<%= Math::PI %>", "'::' is not supported"),
        ("<% def f(x) %><% end %>", "'def' was not expected here"),
        ("<%= name.crypt('x') %>", "method 'crypt' is not supported here"),
        ("<%= system('ls') %>", "'system' is not supported in templates; render"),
        ("<% system() %>", "'system' is not supported in templates; render"),
        ("<% system %>", "'system' is not defined here"),
        ("<%= format() %>", "'format' is not supported with these arguments; render"),
        ("<%= eval('1') %>", "'eval' is not supported"),
        ("<%= $x %>", "'$' is not supported"),
        ("<%= name.gsub(/(?<=a)b/, '') %>", "is not supported"),
        ("<% raise 'count must be even' if count.to_i.odd? %>", "count must be even"),
        ("<% if true %>", "an 'end' is missing"),
        ("<% end %>", "no open block"),
        ("<%= 1 / 0 %>", "has no result"),
        ("<%= 9223372036854775807 + 1 %>", "has no result"),
        ("<%= 'a' + 1 %>", "has no result"),
        ("<% a = [1]; b = a; b << 2 %>", "two names"),
        ("<%= 1 2 %>", "more words"),
        ("<%= nope %>", "declare it as VARIABLE"),
        ("<% break %>", "no block to leave"),
    ] {
        let error = render(&format!("line\n{text}"), &[]).expect_err(text);
        assert_eq!((error.file.as_str(), error.line), ("cmd_tlm/t.txt", 2), "{text}");
        assert!(error.message.contains(wanted), "{text}: {}", error.message);
        assert!(!error.tag.is_empty(), "{text}");
        // In the words of who wrote the template, not of this program's types.
        for ours in ["Punctuation", "Operand", "Word::", "Node"] {
            assert!(!error.to_string().contains(ours), "{text}: {error}");
        }
    }
}

#[test]
fn hostile_templates_end_soon_with_an_error() {
    let deep = format!("<%= {}1{} %>", "(".repeat(5_000), ")".repeat(5_000));
    let blocks = "<% if true %>".repeat(5_000);
    let chain = format!("<%= {} %>", vec!["1"; 100_000].join(" + "));
    let nots = format!("<%= {}true %>", "!".repeat(50_000));
    let nested = format!("<% a = []; {} %>", "a = [a]; ".repeat(1_000));
    let wide = format!("<% a = [1]; {} %><%= a %>", "a = [a, a, a, a, a, a, a, a]; ".repeat(12));
    let cases = [
        "<% x = 'aaaaaaaa' %><% 60.times do %><% x = x + x %><% end %>",
        "<% x = 'a' * 9999999999 %>",
        "<% x = 'a' * 1000000 %><% x = x.gsub('a', x) %>",
        "<% x = [0] * 99999999999 %>",
        "<% x = [0]; 60.times { x = x + x } %>",
        "<% x = ['aaaaaaaaaaaaaaaa'] * 500000 %><%= x.join('bbbbbbbbbbbbbbbbbbbbbbb') %>",
        "<% 99999999999.times do %>x<% end %>",
        "<% (0..9223372036854775807).each do %>x<% end %>",
        "<% (-9223372036854775808..0).to_a %>",
        "<% 9000.times { 9000.times { 9000.times { 1 } } } %>",
        "<% while true %>x<% end %>",
        "<% until false do end %>",
        "<%= '%99999999d' % 1 %>",
        "<%= 'a'.rjust(99999999999) %>",
        "<%= 2 ** 99999999999 %>",
        "<%= 1 << 9999999 %>",
        "<%= render '_loop.txt' %>",
        "<%= render '_twice.txt' %>",
        "<%= name.gsub(/(((((a{50}){50}){50}){50}){50})/, '') %>",
        "<% x = 'a' * 100000 %><% 100000.times { x =~ /(a|aa)+$b/ } %>",
        "<% x = (1..999999).to_a %><% 999999.times { x.sort } %>",
        "<% x = 'x' * 100000 %><% 100000.times do %><%= x %><% end %>",
        &deep,
        &blocks,
        &nots,
        &nested,
        &wide,
    ];
    let partials = [
        ("cmd_tlm/_loop.txt", "<%= render '_loop.txt' %>"),
        ("cmd_tlm/_twice.txt", "<% 99.times do %><%= render '_twice.txt' %><% end %>"),
    ];
    for text in cases {
        let start = Instant::now();
        let error = render(text, &partials).expect_err(&text[..text.len().min(80)]);
        assert!(error.line > 0, "{error}");
        let taken = start.elapsed();
        assert!(taken < Duration::from_secs(20), "{taken:?}: {}", &text[..text.len().min(80)]);
    }
    // Long is not deep.
    assert_eq!(render(&chain, &[]).unwrap(), "100000");
}

#[test]
fn disabled_templates_are_chosen_by_regular_expressions() {
    let disabled = |words: &[&str], path| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        template::is_disabled(path, Some(&words)).unwrap()
    };
    assert!(disabled(&[], "cmd_tlm/a.txt"));
    assert!(disabled(&["(cmd|tlm)\\.txt$"], "cmd_tlm/inst_cmd.txt"));
    assert!(!disabled(&["^tlm"], "cmd_tlm/inst_cmd.txt"));
    assert!(!template::is_disabled("cmd_tlm/a.txt", None).unwrap());
    assert!(template::is_disabled("a", Some(&["(".to_owned()])).is_err());
}
