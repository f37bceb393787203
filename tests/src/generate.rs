//! Made-up contacts: any number of plain ones for benches, and a varied book for the demo.

/// The demo's cards one after the other; each has a UID that serves as its file name.
const DEMO: &str = include_str!("../../fixtures/demo/book.vcf");

/// Family names and given names that go together, one row a script. Nobody in particular.
const NAMES: [([&str; 6], [&str; 6]); 7] = [
    (
        ["Ashgrove", "Pellmore", "Quillon", "Thornaby", "Vexley", "Wrenfield"],
        ["Alda", "Bram", "Corin", "Della", "Edric", "Fenna"],
    ),
    (
        ["Blåmyr", "Çelmek", "Dvořnský", "Łubnicz", "Müßner", "Ñandel"],
        ["Åsne", "Béla", "Čestmír", "Jürgen", "Łucja", "Zoé"],
    ),
    (
        ["Берёзкин", "Волновой", "Громыч", "Заречин", "Лесовик", "Снежнов"],
        ["Алёна", "Богдан", "Вера", "Глеб", "Жанна", "Игорь"],
    ),
    (
        ["Αλμυρίδης", "Βουνάκης", "Θαλασσός", "Κυματίδης", "Λεμονάς", "Πετράδης"],
        ["Άννα", "Βίκτωρ", "Δάφνη", "Ηλίας", "Μάρκος", "Σοφία"],
    ),
    (
        ["霧島田", "月見原", "森之宮", "風間野", "花沢川", "石橋谷"],
        ["葵", "蓮", "結衣", "大翔", "陽菜", "湊"],
    ),
    (
        ["한들별", "솔바람", "구름재", "달빛골", "푸른내", "새벽들"],
        ["가온", "나래", "다솜", "라온", "보람", "하늘"],
    ),
    (
        ["النخلاوي", "البحراوي", "الوردي", "السهلاوي", "القمري", "الزيتوني"],
        ["أمل", "باسم", "جنى", "ريم", "سامي", "نور"],
    ),
];

const TOWNS: [&str; 6] =
    ["Northmere", "Saltwick", "Грибоград", "Λευκόπολη", "緑ヶ浜", "Oberfichten"];

const FIRMS: [&str; 5] =
    ["Paper & Kite Works", "Lantern Labs", "Süßmilch GmbH", "Brass Heron Ltd", "Café Zwölf"];

/// Card number `i`: 3.0, about 600 bytes, always the same for the same number.
pub fn card(i: usize) -> Vec<u8> {
    let dice = mix(i as u64);
    let (families, givens) = pick(&NAMES, dice);
    let (family, given) = (pick(families, dice >> 8), pick(givens, dice >> 16));
    let (town, firm) = (pick(&TOWNS, dice >> 24), pick(&FIRMS, dice >> 32));
    let (house, zip) = (dice % 240 + 1, 10_000 + dice % 89_999);
    let uid = uid(i);
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Example//Generator 1//EN\r\nUID:{uid}\r\n\
         N:{family};{given};;;\r\nFN:{given} {family}\r\nORG:{firm};Unit {unit}\r\n\
         TITLE:Keeper of {town}\r\nEMAIL;TYPE=INTERNET,HOME:person{i}@home.example\r\n\
         EMAIL;TYPE=INTERNET,WORK;TYPE=pref:person{i}@work.example\r\n\
         TEL;TYPE=CELL,VOICE:+49 151 555{i:06}\r\nTEL;TYPE=WORK,VOICE:+44 20 7946 {phone:04}\r\n\
         ADR;TYPE=HOME:;;{house} Mill Lane;{town};;{zip};Nowhere\r\n\
         CATEGORIES:Generated,Batch {batch}\r\n\
         NOTE:Number {i}. Met at the harbour fair\\, likes tea\\; call after six.\\nSecond li\r\n \
         ne of the note\\, with a fold in a word.\r\nREV:2026-01-02T03:04:05Z\r\nEND:VCARD\r\n",
        unit = dice % 9 + 1,
        phone = dice % 1000,
        batch = i / 100,
    )
    .into_bytes()
}

/// The file name that goes with [`card`].
pub fn file_name(i: usize) -> String {
    format!("{}.vcf", uid(i))
}

/// Puts cards `0..count` into a book of `fake`.
pub fn fill(fake: &crate::fake::FakeDav, book: &str, count: usize) {
    for i in 0..count {
        fake.put(book, &file_name(i), card(i));
    }
}

/// About fifty varied contacts as (file name, card): several scripts, photos, groups, labels.
pub fn demo_book() -> Vec<(String, Vec<u8>)> {
    let mut book = Vec::new();
    for part in DEMO.split_inclusive("END:VCARD") {
        let Some(start) = part.find("BEGIN:VCARD") else { continue };
        let card = part.get(start..).unwrap_or_default();
        let uid = card.lines().find_map(|line| line.strip_prefix("UID:")).unwrap_or_default();
        let name = uid.trim().trim_start_matches("urn:uuid:");
        book.push((format!("{name}.vcf"), format!("{card}\r\n").into_bytes()));
    }
    book
}

fn uid(i: usize) -> String {
    let (high, low) = (mix(i as u64), mix(!(i as u64)));
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

fn pick<T>(from: &[T], dice: u64) -> &T {
    let at = usize::try_from(dice % from.len() as u64).unwrap_or_default();
    &from[at]
}

/// SplitMix64: well spread, and the same on every machine.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn generated_cards_are_about_600_bytes_and_their_names_differ() {
        let sizes: Vec<usize> = (0..1000).map(|i| card(i).len()).collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((550..700).contains(&mean), "{mean}");
        let names: BTreeSet<String> = (0..1000).map(file_name).collect();
        assert_eq!(names.len(), 1000);
        assert_eq!(card(7), card(7));
    }

    #[test]
    fn the_demo_book_has_what_it_is_to_show() {
        let book = demo_book();
        let names: BTreeSet<&String> = book.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), book.len(), "a UID occurs twice");
        assert!((45..=60).contains(&book.len()), "{}", book.len());
        let all: Vec<&str> = book.iter().map(|(_, c)| std::str::from_utf8(c).unwrap()).collect();
        for (feature, least) in [
            ("VERSION:3.0", 35),
            ("VERSION:4.0", 5),
            ("PHOTO", 3),
            ("X-ADDRESSBOOKSERVER-KIND:group", 1),
            ("KIND:group", 2),
            ("X-ABLabel:", 3),
            ("X-APPLE-OMIT-YEAR", 1),
            ("BDAY:--", 1),
            ("CATEGORIES:", 5),
        ] {
            let count = all.iter().filter(|card| card.contains(feature)).count();
            assert!(count >= least, "{feature}: {count}");
        }
    }
}
