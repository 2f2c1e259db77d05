-- A name without what only looks different: wide characters, case, spaces, punctuation, and the year that it is for.
-- 去除仅外观不同之处的名称：全半角、大小写、空格、标点，以及名称中的年度。
create or replace temp macro comparable_name(name) as regexp_replace(
    translate(
        lower(name),
        '０１２３４５６７８９ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ'
        || ' 　()（）[]［］【】〔〕{}<>《》〈〉-－—–―_·•・.．,，、。;；:：/／"“”''‘’*＊',
        '0123456789abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'
    ),
    '(19|20)[0-9]{2}年度?',
    '',
    'g'
)
