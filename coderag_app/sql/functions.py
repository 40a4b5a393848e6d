"""The functions that SQL may call, by dialect. Pure data, read by the guard and by SQLite's authorizer.

Left out on purpose: whatever reads or writes files, runs code, waits, changes a setting or a sequence, or shows the
server's own state; and what only serves to make large values (randomblob, zeroblob, repeat without a bound is
stopped by the limits instead).
"""

from __future__ import annotations

SQLITE_FUNCTIONS = frozenset(
    """-> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat concat_ws cos cosh
    count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor
    format glob group_concat hex highlight ifnull iif instr json json_array json_array_length json_extract
    json_group_array json_group_object json_object json_quote json_type json_valid julianday lag last_value lead
    length like likelihood likely ln log log10 log2 lower ltrim match max min mod nth_value ntile nullif octet_length
    percent_rank pi pow power printf quote radians random rank replace round row_number rtrim sign sin sinh snippet
    soundex sqlite_version sqrt strftime string_agg substr substring sum tan tanh time timediff total trim trunc typeof
    unhex unicode unixepoch unlikely upper""".split()
)

_POSTGRES_FUNCTIONS = frozenset(
    """abs acos age any_value array_agg array_length array_position array_remove array_replace array_to_string
    array_upper array_lower ascii asin atan atan2 avg bit_and bit_length bit_or bool_and bool_or btrim cardinality
    cbrt ceil ceiling char_length character_length chr clock_timestamp coalesce concat concat_ws corr cos cot count
    covar_pop covar_samp cume_dist current_date current_time current_timestamp date_bin date_part date_trunc degrees
    dense_rank div every exp extract first_value floor format greatest initcap isfinite json_agg json_array_length
    json_build_array json_build_object json_extract_path json_extract_path_text json_object_agg json_typeof jsonb_agg
    jsonb_array_length jsonb_build_array jsonb_build_object jsonb_extract_path jsonb_extract_path_text
    jsonb_object_agg jsonb_typeof justify_days justify_hours justify_interval lag last_value lead least left length ln
    localtime localtimestamp log log10 lower lpad ltrim make_date make_interval make_time make_timestamp max md5 min
    mod mode now nth_value ntile nullif num_nonnulls num_nulls octet_length overlay percent_rank percentile_cont
    percentile_disc pi position pow power quote_literal radians random rank regexp_count regexp_instr regexp_like
    regexp_match regexp_replace regexp_split_to_array regexp_substr regr_intercept regr_r2 regr_slope repeat replace
    reverse right round row_number row_to_json rpad rtrim sign sin split_part sqrt starts_with stddev stddev_pop
    stddev_samp string_agg string_to_array strpos substr substring sum tan to_char to_date to_json to_jsonb to_number
    to_timestamp translate trim trunc upper var_pop var_samp variance width_bucket""".split()
)

_MYSQL_FUNCTIONS = frozenset(
    """abs acos adddate addtime any_value ascii asin atan atan2 avg bin bit_and bit_length bit_or bit_xor ceil ceiling
    char char_length character_length coalesce concat concat_ws conv cos cot count crc32 cume_dist curdate
    current_date current_time current_timestamp curtime date date_add date_format date_sub datediff day dayname
    dayofmonth dayofweek dayofyear degrees dense_rank elt exp extract field find_in_set first_value floor format
    from_days from_unixtime greatest group_concat hex hour if ifnull instr isnull json_array json_arrayagg json_contains
    json_extract json_length json_object json_objectagg json_type json_unquote json_valid lag last_day last_value lcase
    lead least left length ln localtime localtimestamp locate log log10 log2 lower lpad ltrim makedate maketime max
    md5 microsecond mid min minute mod month monthname now nth_value ntile nullif oct octet_length ord percent_rank
    period_add period_diff pi position pow power quarter radians rand rank regexp_instr regexp_like regexp_replace
    regexp_substr repeat replace reverse right round row_number rpad rtrim sec_to_time second sign sin soundex space
    sqrt std stddev stddev_pop stddev_samp str_to_date strcmp subdate substr substring substring_index subtime sum
    sysdate tan time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days trim truncate ucase
    unhex unix_timestamp upper utc_date utc_time utc_timestamp var_pop var_samp variance week weekday weekofyear year
    yearweek""".split()
)

_DUCKDB_EXTRA = frozenset(
    """any_value approx_count_distinct arbitrary arg_max arg_min argmax argmin array_contains array_distinct array_sort
    array_unique bit_count bool_and bool_or century contains count_if count_star countif date_add date_diff date_sub
    datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear decade
    ends_with entropy epoch epoch_ms era even factorial first fsum geomean hamming hash hour if ifnull instr
    isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json_extract json_extract_string kurtosis last
    last_day len levenshtein list list_aggregate list_contains list_count list_distinct list_filter list_max list_min
    list_sort list_sum list_value mad make_timestamp max_by median microsecond millennium millisecond min_by minute
    month monthname prefix product quantile quantile_cont quantile_disc quarter regexp_extract regexp_extract_all
    regexp_full_match regexp_matches second sem skewness str_split strftime string_split strip_accents strlen strptime
    struct_extract struct_pack substring_grapheme suffix today trunc try_strptime ucase lcase unicode unnest week
    weekday weekofyear xor year yearweek""".split()
)

FUNCTIONS: dict[str, frozenset[str]] = {
    "sqlite": SQLITE_FUNCTIONS,
    "postgres": _POSTGRES_FUNCTIONS,
    "mysql": _MYSQL_FUNCTIONS,
    "duckdb": _POSTGRES_FUNCTIONS | _DUCKDB_EXTRA,
}

# Table functions with the columns they return; a column list or an alias in the query may rename them.
_JSON_ROWS = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root")
TABLE_FUNCTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "sqlite": {"json_each": _JSON_ROWS, "json_tree": _JSON_ROWS},
    "postgres": {
        "generate_series": ("generate_series",),
        "unnest": ("unnest",),
        "json_array_elements": ("value",),
        "jsonb_array_elements": ("value",),
    },
    "mysql": {},
    "duckdb": {"generate_series": ("generate_series", "range"), "unnest": ("unnest",)},
}

# The node types of sqlglot that a query may hold, functions that sqlglot knows by name included. What is not on the
# list is refused, so a node type that a later sqlglot adds is refused until somebody has looked at it.
SAFE_NODES = frozenset(
    """Select Union Except Intersect Subquery CTE With From Join Where Group Having Order Ordered Limit Offset Fetch
    Distinct Qualify Window WindowSpec Table TableAlias Alias Column Identifier Star Literal Null Boolean Paren Tuple
    DataType DataTypeParam Between In Interval Var Lateral Values Filter WithinGroup IgnoreNulls RespectNulls
    Any All Bracket Slice Cube Rollup GroupingSets AtTimeZone JSONPath JSONPathRoot JSONPathKey JSONPathSubscript
    JSONPathWildcard JSONPathRecursive JSONPathSlice JSONPathUnion JSONPathSelector JSONKeyValue HexString BitString
    ByteString RawString UnicodeString Not Neg BitwiseNot LimitOptions PropertyEQ
    Add Sub Mul Div IntDiv Mod And Or Xor EQ NEQ GT GTE LT LTE Is Like ILike Glob Match Escape SimilarTo RegexpLike
    RegexpILike NullSafeEQ NullSafeNEQ BitwiseAnd BitwiseOr BitwiseXor BitwiseLeftShift BitwiseRightShift DPipe Collate
    Collation Dot JSONExtract JSONExtractScalar JSONBExtract JSONBExtractScalar JSONBContains Overlaps
    ArrayContains ArrayContainsAll ArrayContainedBy ArrayOverlaps Corr Pow Adjacent""".split()
)

SAFE_FUNCTION_NODES = frozenset(
    """Abs Acos Acosh AddMonths AnyValue ApproxDistinct ArgMax ArgMin Array ArrayAgg ArrayAppend ArrayConcat
    ArrayDistinct ArrayFirst ArrayLast ArrayMax ArrayMin ArrayPosition ArrayRemove ArrayReverse ArraySize ArraySlice
    ArraySort ArraySum ArrayToString ArrayUniqueAgg Ascii Asin Asinh Atan Atan2 Atanh Avg BitLength BitwiseAndAgg
    BitwiseCount BitwiseOrAgg BitwiseXorAgg ByteLength Case Cast Cbrt Ceil Chr Coalesce Concat ConcatWs Contains
    Convert Cos Cosh Cot Coth Count CountIf CovarPop CovarSamp CumeDist CurrentDate CurrentDatetime CurrentTime
    CurrentTimestamp CurrentTimestampLTZ Date DateAdd DateBin DateDiff DateFromParts DateStrToDate DateSub DateTrunc
    Datetime DatetimeAdd DatetimeDiff DatetimeSub DatetimeTrunc Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname
    DecodeCase Degrees DenseRank Elt EndsWith Exists Exp ExplodingGenerateSeries Extract Factorial First FirstValue
    Floor Format GenerateSeries Greatest GroupConcat Grouping Hex Hour If Initcap IsInf IsNan JSONArray JSONArrayAgg
    JSONArrayContains JSONBObjectAgg JSONCast JSONExists JSONExtractArray JSONFormat JSONKeys JSONObject JSONObjectAgg
    JSONType JSONValueArray JarowinklerSimilarity JustifyDays JustifyHours JustifyInterval Kurtosis Lag Last LastDay
    LastValue Lead Least Left Length Levenshtein List Ln Localtime Localtimestamp Log LogicalAnd LogicalOr Lower
    LowerHex MD5 MakeInterval Max Median Min Minute Mode Month Monthname MonthsBetween NthValue Ntile Nullif
    NumberToStr Nvl2 Overlay Pad ParseJSON ParseTime PercentRank PercentileCont PercentileDisc Pi Quantile Quarter
    ApproxQuantile Radians Rand Randn Rank RegexpCount RegexpExtract RegexpExtractAll RegexpFullMatch RegexpInstr
    RegexpReplace RegexpSplit RegexpSubstr RegrAvgx RegrAvgy RegrCount RegrIntercept RegrR2 RegrSlope RegrSxx RegrSxy
    RegrSyy RegrValx RegrValy Repeat Replace Reverse Right Rint Round RowNumber SHA SHA2 SafeDivide Second Sign Sin Sinh
    Skewness Soundex Space Split SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition StrToDate StrToTime
    StrToUnix StringToArray Struct StructExtract Substring SubstringIndex Sum Tan Tanh Time TimeAdd TimeDiff
    TimeFromParts TimeStrToDate TimeStrToTime TimeSub TimeToStr TimeToUnix TimeTrunc Timestamp TimestampAdd
    TimestampDiff TimestampFromParts TimestampSub TimestampTrunc ToArray ToChar ToDays ToNumber Translate Trim Trunc
    TryCast TsOrDiToDi TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToDateStr TsOrDsToDatetime TsOrDsToTime
    TsOrDsToTimestamp Typeof Unhex Unicode UnixDate UnixMicros UnixMillis UnixSeconds UnixToStr UnixToTime Unnest Upper
    UtcDate UtcTime UtcTimestamp Uuid Variance VariancePop Week WeekOfYear WidthBucket Year YearOfWeek
    YearOfWeekIso""".split()
)
