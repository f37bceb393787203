//! The tables as diesel sees them; `migrations/` is where they are made and explained.

diesel::table! {
    accounts (id) {
        id -> BigInt,
        name -> Text,
        server -> Text,
        username -> Text,
        home_sets -> Text,
    }
}

diesel::table! {
    books (id) {
        id -> BigInt,
        account -> BigInt,
        location -> Text,
        href_key -> Text,
        name -> Text,
        access -> Text,
        hidden -> Bool,
        capabilities -> Text,
        links -> BigInt,
        sync_token -> Nullable<Text>,
        ctag -> Nullable<Text>,
        token_at -> Nullable<BigInt>,
        full_at -> Nullable<BigInt>,
        quirks -> Text,
    }
}

diesel::table! {
    runs (id) {
        id -> BigInt,
        what -> Text,
        at -> BigInt,
        forgotten -> Bool,
    }
}

diesel::table! {
    contacts (id) {
        id -> Binary,
        edited -> BigInt,
        deleted_at -> Nullable<BigInt>,
        linked -> Bool,
        created -> BigInt,
        updated -> BigInt,
        run -> BigInt,
        uid -> Nullable<Text>,
        uid_key -> Nullable<Text>,
        sort_key -> Text,
        name -> Text,
        brief -> Text,
        names -> Text,
        search -> Text,
        person -> Text,
        vcard -> Binary,
    }
}

diesel::table! {
    external_ids (contact, book) {
        contact -> Binary,
        book -> BigInt,
        here -> BigInt,
        seen -> BigInt,
        base_is_card -> Bool,
        etag -> Nullable<Text>,
        href -> Text,
        href_key -> Text,
        base -> Nullable<Binary>,
    }
}

diesel::table! {
    pending (id) {
        id -> BigInt,
        book -> BigInt,
        subject -> Text,
        contact -> Nullable<Binary>,
        href -> Nullable<Text>,
        name -> Text,
        reason -> Text,
        etag -> Nullable<Text>,
        tried -> Nullable<BigInt>,
        since -> BigInt,
    }
}

diesel::table! {
    conflicts (id) {
        id -> BigInt,
        contact -> Binary,
        book -> BigInt,
        href -> Text,
        at -> BigInt,
        decided -> Nullable<Text>,
        base -> Nullable<Binary>,
        local -> Binary,
        remote -> Binary,
    }
}

diesel::table! {
    history (id) {
        id -> BigInt,
        run -> BigInt,
        contact -> Binary,
        at -> BigInt,
        there -> Bool,
        name -> Text,
        why -> Text,
        tombstone -> Bool,
        before_text -> Binary,
        after_text -> Nullable<Binary>,
    }
}

diesel::table! {
    history_places (history, book) {
        history -> BigInt,
        book -> BigInt,
        href -> Text,
    }
}

diesel::table! {
    /// Diesel's own list of what was applied.
    #[sql_name = "__diesel_schema_migrations"]
    migrations (version) {
        version -> Text,
    }
}

diesel::joinable!(books -> accounts (account));
diesel::joinable!(external_ids -> contacts (contact));
diesel::joinable!(external_ids -> books (book));
diesel::joinable!(conflicts -> contacts (contact));
diesel::joinable!(conflicts -> books (book));
diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    books,
    contacts,
    external_ids,
    conflicts,
    history,
    history_places,
    runs
);

diesel::define_sql_function! {
    /// Where `word` stands in `text`; 0 when it does not. Not LIKE, whose `%` and `_` people search for.
    fn instr(text: diesel::sql_types::Text, word: diesel::sql_types::Text) -> diesel::sql_types::BigInt;
}
